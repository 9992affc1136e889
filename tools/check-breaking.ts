/** Part of `npm run ok`: fails on incompatible changes of the schemas. */
import { join } from 'node:path';
import { checkBreaking } from './breaking/check-breaking.ts';

const { outcome, text } = checkBreaking(join(import.meta.dirname, '..'));
process.stdout.write(`${text}\n`);
if (outcome === 'broken') process.exitCode = 1;
