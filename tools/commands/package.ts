/**
 * `npm run package`: the daemon and the command line as a Debian and an RPM package, in dist/packages, for this machine's
 * architecture. Flags: --revision N (default 1), --output DIR, --quick disables compression.
 */
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ownTarget } from '../build-agent/targets.ts';
import { buildDeb } from '../package/build-deb.ts';
import { buildRpm } from '../package/build-rpm.ts';
import { buildTime } from '../package/build-time.ts';
import { daemonProduct } from '../package/daemon-product.ts';
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
const { revision, quick = false } = values;
const spec = { root, tree, output, target: ownTarget, version, revision, quick, timeSeconds: buildTime(root) };
for (const build of [buildDeb, buildRpm]) {
  const path = build(daemonProduct, spec);
  say(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
rmSync(tree, { recursive: true });

function say(text: string): void {
  process.stderr.write(`✓ ${text} (${((performance.now() - from) / 1000).toFixed(1)} s)\n`);
}
