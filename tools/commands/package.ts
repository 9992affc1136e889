/**
 * `npm run package`: the daemon and the command line as a Debian and an RPM package, in dist/packages, for this machine's
 * architecture. Flags: --revision N (default 1), --output DIR, --quick disables compression.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb } from '../package/build-deb.ts';
import { buildRpm } from '../package/build-rpm.ts';
import { stage } from '../package/stage.ts';
import { runStep } from '../run-step.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: { revision: { type: 'string', default: '1' }, output: { type: 'string' }, quick: { type: 'boolean' } },
});
const output = resolve(values.output ?? join(root, 'dist/packages'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
await runStep('building the agent', 'node', ['tools/build-agent.ts']);
const tree = join(output, '.tree');
rmSync(tree, { recursive: true, force: true });
mkdirSync(tree, { recursive: true });
const from = performance.now();
await stage(root, tree, version);
say('staging the programs');
const spec = { root, tree, output, version, revision: values.revision, quick: values.quick === true };
for (const build of [buildDeb, buildRpm]) {
  const path = build({ ...spec, timeSeconds: buildTime() });
  say(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
rmSync(tree, { recursive: true });

function say(text: string): void {
  process.stderr.write(`✓ ${text} (${((performance.now() - from) / 1000).toFixed(1)} s)\n`);
}

/** The timestamp of everything in a package: SOURCE_DATE_EPOCH, the time of the commit, or of package.json's last change. */
function buildTime(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  // Sources from an archive have no history.
  return status === 0 ? Number(stdout) : Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000);
}
