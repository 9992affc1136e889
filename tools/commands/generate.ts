/** `npm run generate`: generates code from proto/, and docs from tables in the code. */
import { runStep } from '../run-step.ts';

await runStep('checking the schemas', 'buf', ['lint']);
await runStep('generating code', 'buf', ['generate']);
await runStep('generating docs', 'node', ['tools/make-protocol-docs.ts']);
