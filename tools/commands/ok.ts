/** `npm run ok`: the fast checks, about a minute: generated code, schemas, types, lint, unit tests. */
import { runSuite } from '../run-tests.ts';
import { runStaticChecks } from '../static-checks.ts';
import { unitSuites } from '../suites.ts';
import { totalOf } from '../total.ts';

await runStaticChecks();
process.exit(totalOf(unitSuites.map(runSuite)));
