/** `npm run generate`: code from proto/, and docs that are made from tables. */
import { runStep } from '../run-step.ts';

await runStep('checking the schemas', 'buf', ['lint']);
await runStep('generating code', 'buf', ['generate']);
await runStep('generating docs', 'node', ['tools/make-protocol-docs.ts']);
