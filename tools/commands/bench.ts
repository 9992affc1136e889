/** `npm run bench -- agent|plain|control [--json] [--quick]`. */
import { spawnSync } from 'node:child_process';
import { runStep } from '../run-step.ts';

await runStep('building the agent', 'node', ['tools/build-agent.ts']);
const result = spawnSync(process.execPath, ['tests/bench/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);
