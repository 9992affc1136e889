/** `npm run build:agent`. */
import { runStep } from '../run-step.ts';

await runStep('building the agent', 'node', ['tools/build-agent.ts', ...process.argv.slice(2)]);
