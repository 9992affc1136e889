/**
 * `npm run package:agent`: the guest agent as Debian, RPM and Alpine packages, as a tar ball, and all of them on a disc, in
 * dist/packages. Flags: --arch x64|arm64|all (default all), --revision N (default 1), --output DIR, --update-keys FILE (keys
 * that the guests trust for updates by the host; default: none), --quick disables compression.
 */
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { wantedTargets } from '../build-agent/targets.ts';
import { agentProduct, stageAgent } from '../package/agent-product.ts';
import { buildApk } from '../package/build-apk.ts';
import { buildDisc, buildTarball } from '../package/build-archives.ts';
import { buildDeb } from '../package/build-deb.ts';
import { buildRpm } from '../package/build-rpm.ts';
import { buildTime } from '../package/build-time.ts';
import { readUpdateKeys } from '../package/update-keys.ts';
import { runStep } from '../run-step.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'all' },
    revision: { type: 'string', default: '1' },
    output: { type: 'string' },
    'update-keys': { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const output = resolve(values.output ?? join(root, 'dist/packages'));
const { version } = JSON.parse(readFileSync(join(root, 'apps/agent/package.json'), 'utf8')) as { version: string };
const keysPath = values['update-keys'];
const updateKeys = keysPath === undefined ? '' : readUpdateKeys(keysPath);
const targets = wantedTargets(['--arch', values.arch]);
await runStep('building the agent', 'node', ['tools/build-agent.ts', '--arch', values.arch]);
mkdirSync(output, { recursive: true });
const from = performance.now();
const { revision, quick } = values;
const spec = { root, output, version, timeSeconds: buildTime(root), updateKeys };
const packages: string[] = [];
for (const target of targets) {
  const tree = join(output, '.agent-tree');
  rmSync(tree, { recursive: true, force: true });
  stageAgent(root, tree, target, updateKeys);
  for (const build of [buildDeb, buildRpm, buildApk])
    packages.push(say(build(agentProduct, { ...spec, tree, target, revision, quick })));
  rmSync(tree, { recursive: true });
  say(await buildTarball({ ...spec, targets: [target] }));
}
say(await buildDisc({ ...spec, targets }, packages));

/** Reports a written file. Returns its path. */
function say(path: string): string {
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  process.stderr.write(`✓ ${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB (${seconds} s)\n`);
  return path;
}
