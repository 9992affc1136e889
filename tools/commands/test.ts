/** `npm test`: runs all suites, or those whose names contain one of the arguments: `npm test -- VMs`. */
import { runStep } from '../run-step.ts';
import { runSuite } from '../run-tests.ts';
import { runStaticChecks } from '../static-checks.ts';
import { systemSuites, unitSuites } from '../suites.ts';
import { totalOf } from '../total.ts';

const wanted = process.argv.slice(2);
const suites = [...unitSuites, ...systemSuites].filter(
  (suite) => wanted.length === 0 || wanted.some((word) => suite.name.includes(word)),
);
if (wanted.length === 0) await runStaticChecks();
await runStep('building the agent', 'node', ['tools/build-agent.ts', '--arch', 'all', '--skip-missing']);
await runStep('building the web console', 'node', ['tools/build-web.ts']);
process.exit(totalOf(suites.map(runSuite)));
