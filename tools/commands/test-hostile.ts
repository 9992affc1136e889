/** `npm run test:hostile`: runs each behaviour of the hostile agent for 60 s, or INNKEEPER_HOSTILE_SECONDS. */
import { runStep } from '../run-step.ts';
import { runSuite } from '../run-tests.ts';
import { totalOf } from '../total.ts';

await runStep('building the agent', 'node', ['tools/build-agent.ts']);
process.env['INNKEEPER_HOSTILE_SECONDS'] ??= '60';
const suite = {
  name: 'hostile agent',
  globs: ['tests/vm/hostile-agent.test.ts'],
  concurrency: 1,
  timeoutMs: 7_200_000,
};
process.exit(totalOf([runSuite(suite)]));
