/**
 * Runs a shell script in a fresh Debian with a copy of this checkout, to see what a user sees who has just cloned it.
 * `node tools/in-fresh-debian.ts bookworm|trixie [--as-person] [--offline] [SCRIPT …]`; several scripts run one after
 * the other on the same machine. Default: npm start until its VM answers, then npm test. Needs root. Exits with the first
 * exit code that is not 0; 2: usage error.
 */
import { parseArgs } from 'node:util';
import { openFreshDebian, whyNoFreshDebian } from './fresh-debian/fresh-debian.ts';
import { releases } from './fresh-debian/root-folder.ts';
import { startAndTry } from './fresh-debian/start-and-try.ts';

const hoursMs = 3 * 3_600_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'as-person': { type: 'boolean' }, offline: { type: 'boolean' } },
});
const [wanted, ...given] = positionals;
const release = releases.find((name) => name === wanted);
if (release === undefined) {
  console.error(`usage: node tools/in-fresh-debian.ts ${releases.join('|')} [--as-person] [--offline] [SCRIPT …]`);
  process.exit(2);
}
const reason = whyNoFreshDebian();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}
using machine = openFreshDebian(release);
for (const script of given.length > 0 ? given : [startAndTry, 'npm test']) {
  const { exitCode } = await machine.run(script, {
    as: values['as-person'] ? 'person' : 'root',
    isOffline: values.offline ?? false,
    timeoutMs: hoursMs,
    onOutput: (text) => process.stdout.write(text),
  });
  console.log(`\n— exit code ${exitCode}`);
  process.exitCode ||= exitCode;
}
