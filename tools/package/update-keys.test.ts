import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseUpdateKeys, updateKeyLine } from '../../packages/contract/src/agent-update.ts';
import { ownTarget } from '../build-agent/targets.ts';
import { agentProduct, stageAgent } from './agent-product.ts';
import { buildTarball } from './build-archives.ts';
import { buildDeb } from './build-deb.ts';
import { architectureOf } from './product.ts';
import { readUpdateKeys } from './update-keys.ts';

const root = join(import.meta.dirname, '../..');
const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
const lines = updateKeyLine(one, 'fleet') + updateKeyLine(two, 'fleet-2027');

describe('packages that are built with keys for updates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-update-keys-'));
  after(() => rmSync(folder, { recursive: true }));

  it('a file of keys is read without comments, and refused with the number of a key that is malformed', () => {
    const path = join(folder, 'keys');
    writeFileSync(path, `# of the fleet\n\n${lines.replaceAll('\n', '  \n')}`);
    assert.equal(readUpdateKeys(path), lines);
    for (const bad of ['ed25519 12', `ed25519 ${one} it's`, `ssh-ed25519 ${one}`, `ed25519 ${one} $(id)`]) {
      writeFileSync(path, `${lines}${bad}\n`);
      assert.throws(() => readUpdateKeys(path), /keys: key 3 must be "ed25519 /, bad);
    }
    writeFileSync(path, '# none\n');
    assert.throws(() => readUpdateKeys(path), /has no key for updates/);
  });

  it('a package has its keys as a file of its own, which is no setting, and without keys no such file', () => {
    const path = 'usr/share/innkeeper-agent/update-keys';
    const tree = join(folder, 'tree');
    stageAgent(root, tree, ownTarget, lines);
    assert.equal(readFileSync(join(tree, path), 'utf8'), lines);
    const without = join(folder, 'without');
    stageAgent(root, without, ownTarget);
    assert.throws(() => statSync(join(without, path)), { code: 'ENOENT' });
    const spec = { root, tree, output: folder, target: ownTarget, version: '0.1.0', revision: '1', quick: true };
    const deb = buildDeb(agentProduct, { ...spec, timeSeconds: 1_700_000_000 });
    const control = (name: string): string => execFileSync('dpkg-deb', ['-I', deb, name], { encoding: 'utf8' });
    // dpkg would ask which of two versions of a setting to keep, and stop where nobody answers.
    assert.doesNotMatch(control('conffiles'), /update-keys/);
    assert.match(control('postinst'), /^\t.*add_update_keys \/etc\/innkeeper\/update-keys/m);
  });

  it('packages with other keys add theirs to those that are there, each once, whoever wrote them', () => {
    const keys = join(folder, 'etc/update-keys');
    const other = updateKeyLine('4'.repeat(64), 'other');
    const script = `${readFileSync(join(root, 'packaging/agent/add-update-keys.sh'), 'utf8')}add_update_keys "$1"`;
    const install = (input: string): void =>
      void execFileSync('sh', ['-euc', script, 'sh', keys], { input, stdio: ['pipe', 'inherit', 'inherit'] });
    install(lines);
    writeFileSync(keys, updateKeyLine('3'.repeat(64), 'by-hand').trimEnd(), { flag: 'a' });
    for (const input of [lines, other, lines, '']) install(input);
    const found = parseUpdateKeys(readFileSync(keys, 'utf8'));
    assert.deepEqual(found, [one, two, '3'.repeat(64), '4'.repeat(64)]);
    assert.equal(statSync(keys).mode & 0o777, 0o644);
  });

  it('install-agent.sh of the tar ball and the disc adds each key once to those that the guest trusts', async () => {
    const spec = { root, output: folder, version: '0.1.0', timeSeconds: 1_700_000_000, updateKeys: lines };
    const path = await buildTarball({ ...spec, targets: [ownTarget] });
    execFileSync('tar', ['-xzf', path, '-C', folder]);
    const target = join(folder, 'guest');
    for (const made of ['etc/systemd/system', 'etc/innkeeper', 'sbin', 'usr/bin'])
      mkdirSync(join(target, made), { recursive: true });
    execFileSync('ln', ['-s', 'systemd', join(target, 'sbin/init')]);
    const keys = join(target, 'etc/innkeeper/update-keys');
    writeFileSync(keys, updateKeyLine('3'.repeat(64), 'daemon').trimEnd());
    for (let times = 0; times < 2; times++) {
      const { status, stderr } = spawnSync('sh', ['install-agent.sh'], {
        cwd: join(folder, `innkeeper-agent-0.1.0-linux-${architectureOf('deb', ownTarget)}`),
        encoding: 'utf8',
        env: { ...process.env, DESTDIR: target },
      });
      assert.deepEqual([status, stderr], [0, '']);
    }
    assert.deepEqual(parseUpdateKeys(readFileSync(keys, 'utf8')), ['3'.repeat(64), one, two]);
    assert.equal(statSync(keys).mode & 0o777, 0o644);
  });
});
