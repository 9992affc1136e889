import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildAgent } from '../../apps/agent/testing/running-agent.ts';
import { ownTarget } from '../../tools/build-agent/targets.ts';
import { agentProduct, stageAgent } from '../../tools/package/agent-product.ts';
import { buildDeb } from '../../tools/package/build-deb.ts';
import { buildRpm } from '../../tools/package/build-rpm.ts';
import { AgentInRoot } from './agent-in-root.ts';
import { makeTestRoot, readIn, type TestRoot, whyNoTestRoot } from './test-root.ts';

const checkout = join(import.meta.dirname, '../..');
const reason = whyNoTestRoot();
const program = '/usr/bin/innkeeper-agent';
const conf = '/etc/innkeeper/agent.toml';
const unit = '/usr/lib/systemd/system/innkeeper-agent.service';
const wanted = '/etc/systemd/system/multi-user.target.wants/innkeeper-agent.service';

describe('the packages of the agent', {
  skip: reason === undefined ? false : `No package is installed: ${reason}.`,
}, () => {
  let folder: string;
  let root: TestRoot;
  const debs: string[] = [];
  const rpms: string[] = [];

  before(
    async () => {
      await buildAgent();
      folder = mkdtempSync(join(tmpdir(), 'innkeeper-agent-packages-'));
      const tree = join(folder, 'tree');
      stageAgent(checkout, tree, ownTarget);
      for (const revision of ['1', '2']) {
        // The next release has other default settings.
        if (revision === '2') appendFileSync(join(tree, conf), '# Something new.\n');
        const common = { root: checkout, tree, output: folder, target: ownTarget, version: '1.2.3', revision };
        const spec = { ...common, quick: true, timeSeconds: 1_700_000_000 };
        debs.push(buildDeb(agentProduct, spec));
        rpms.push(buildRpm(agentProduct, spec));
      }
      root = await makeTestRoot();
    },
    { timeout: 240_000 },
  );
  after(() => {
    rmSync(folder, { recursive: true });
    // Undefined when the packages could not be built.
    root?.[Symbol.dispose]();
  });

  const inRoot = (path: string): string => join(root.path, path);
  const dpkgInstall = ['dpkg', '--force-confdef', '--force-confold', '--install', '/package.deb'] as const;

  function dpkg(path = ''): string {
    copyFileSync(path, inRoot('package.deb'));
    return root.succeed(...dpkgInstall);
  }

  function rpm(...words: string[]): string {
    const argv = ['--root', root.path, '--nodeps', ...words];
    const { status, stdout, stderr } = spawnSync('rpm', argv, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout + stderr;
  }

  /** Whether any process runs in the root. */
  function isAnythingRunning(): boolean {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.some((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/root`) === root.path;
      } catch {
        // It has ended.
        return false;
      }
    });
  }

  /** Makes it look as if systemd ran in the root. Returns the calls of systemctl since the last time. */
  function fakeSystemd(): () => string {
    mkdirSync(inRoot('run/systemd/system'), { recursive: true });
    writeFileSync(inRoot('usr/bin/systemctl'), '#!/bin/sh\necho "$*" >>/calls\n');
    chmodSync(inRoot('usr/bin/systemctl'), 0o755);
    return () => {
      const calls = existsSync(inRoot('calls')) ? readIn(root, 'calls') : '';
      rmSync(inRoot('calls'), { force: true });
      return calls;
    };
  }

  function endFakeSystemd(): void {
    rmSync(inRoot('run/systemd'), { recursive: true });
    rmSync(inRoot('usr/bin/systemctl'));
  }

  it('the agent’s packaged systemd unit passes systemd-analyze verify', (test) => {
    if (spawnSync('systemd-analyze', ['--version']).error !== undefined)
      return test.skip('systemd-analyze is not installed');
    const tree = join(folder, 'unit');
    spawnSync('dpkg-deb', ['--extract', debs[0] ?? '', tree]);
    const text = readFileSync(join(tree, unit), 'utf8');
    assert.doesNotMatch(text, /\/usr\/local/);
    writeFileSync(join(tree, unit), text.replace('ExecStart=/usr', `ExecStart=${tree}/usr`));
    const argv = ['verify', '--man=no', '--system', join(tree, unit)];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', argv, { encoding: 'utf8' });
    assert.deepEqual([status, stdout + stderr], [0, '']);
  });

  it('deb: installs the agent in a chroot without starting it, and enables it for systemd, SysV and OpenRC', () => {
    const said = dpkg(debs[0])
      .split('\n')
      .filter((line) => !/^(Selecting|Preparing|Unpacking|Setting up|\(Reading) /.test(line));
    assert.deepEqual(said, ['']);
    assert.equal(isAnythingRunning(), false);
    assert.match(root.succeed('innkeeper-agent', '--version'), /^innkeeper-agent \d/);
    assert.match(readlinkSync(inRoot(wanted)), /\/lib\/systemd\/system\/innkeeper-agent\.service$/);
    for (const link of ['etc/runlevels/default/innkeeper-agent', 'etc/rc2.d/S01innkeeper-agent'])
      assert.match(readlinkSync(inRoot(link)), /init\.d\/innkeeper-agent$/);
    for (const hooks of ['pre-freeze.d', 'post-thaw.d'])
      assert.equal(statSync(inRoot(`etc/innkeeper/${hooks}`)).mode & 0o7777, 0o755);
    assert.match(readIn(root, 'usr/share/doc/innkeeper-agent/copyright'), /QuickJS/i);
    assert.equal(root.succeed('find', program, conf, '/etc/innkeeper', '-perm', '/6022'), '');
  });

  it('deb: the agent runs as its unit starts it, in a guest without a port for it, and answers', async () => {
    await using agent = await AgentInRoot.start(root, readIn(root, unit));
    await agent.link.ping();
    assert.equal((await agent.run('cat', conf)).code, 0);
  });

  it('deb: an upgrade by a command of the agent keeps changed settings, and the agent that runs it', async () => {
    appendFileSync(inRoot(conf), '# Changed here.\n');
    const calls = fakeSystemd();
    await using agent = await AgentInRoot.start(root, readIn(root, unit));
    copyFileSync(debs[1] ?? '', inRoot('package.deb'));
    const { output, code } = await agent.run(...dpkgInstall);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /not restarted or stopped.* outside of the agent: deb-systemd-invoke restart innkeeper-agent.service/,
    );
    assert.doesNotMatch(calls(), /start innkeeper-agent|stop innkeeper-agent/);
    await agent.link.ping();
    assert.match(root.succeed('dpkg', '--status', 'innkeeper-agent'), /^Version: 1\.2\.3-2$/m);
    assert.match(readIn(root, conf), /Changed here/);
    assert.match(readIn(root, `${conf}.dpkg-dist`), /Something new/);
  });

  it('deb: where systemd runs, the agent is restarted by an upgrade and stopped by a removal', () => {
    const calls = fakeSystemd();
    // As an update of the agent by its host leaves it.
    writeFileSync(inRoot(`${program}.previous`), 'an agent');
    dpkg(debs[1]);
    assert.match(calls(), /\brestart innkeeper-agent\.service$/m);
    assert.equal(existsSync(inRoot(`${program}.previous`)), false);
    writeFileSync(inRoot(`${program}.previous`), 'an agent');
    root.succeed('dpkg', '--remove', 'innkeeper-agent');
    assert.match(calls(), /\bstop innkeeper-agent\.service$/m);
    endFakeSystemd();
    assert.deepEqual(
      [program, `${program}.previous`, conf].map((file) => existsSync(inRoot(file))),
      [false, false, true],
    );
    assert.match(readIn(root, conf), /Changed here/);
  });

  it('deb: a purge removes the settings and everything else of the agent', () => {
    mkdirSync(inRoot('var/lib/innkeeper-agent/partial-folders'), { recursive: true });
    writeFileSync(inRoot('etc/innkeeper/update-keys'), '');
    root.succeed('dpkg', '--purge', 'innkeeper-agent');
    assert.equal(
      root.succeed('find', '/etc', '/run', '/usr', '/var/lib', '-path', '*innkeeper*', '-prune', '-print'),
      '',
    );
  });

  it('deb: an agent that install-agent.sh installed is replaced, so that only one starts', () => {
    const files = ['usr/local/bin/innkeeper-agent', 'etc/systemd/system/innkeeper-agent.service'];
    mkdirSync(inRoot('etc/systemd/system/multi-user.target.wants'), { recursive: true });
    copyFileSync(join(checkout, 'packaging/systemd/innkeeper-agent.service'), inRoot(files[1] ?? ''));
    writeFileSync(inRoot(files[0] ?? ''), 'an agent');
    symlinkSync('/etc/systemd/system/innkeeper-agent.service', inRoot(wanted));
    dpkg(debs[0]);
    assert.deepEqual(
      files.filter((file) => existsSync(inRoot(file))),
      [],
    );
    assert.match(readlinkSync(inRoot(wanted)), /\/lib\/systemd\/system\//);
    root.succeed('dpkg', '--purge', 'innkeeper-agent');
  });

  it('deb: a purge leaves the keys and the state of an agent that install-agent.sh installed after the removal', () => {
    dpkg(debs[0]);
    root.succeed('dpkg', '--remove', 'innkeeper-agent');
    const files = ['usr/local/bin/innkeeper-agent', 'etc/innkeeper/update-keys', 'var/lib/innkeeper-agent/state'];
    mkdirSync(inRoot('var/lib/innkeeper-agent'), { recursive: true });
    mkdirSync(inRoot('etc/innkeeper'), { recursive: true });
    for (const file of files) writeFileSync(inRoot(file), '');
    root.succeed('dpkg', '--purge', 'innkeeper-agent');
    assert.deepEqual(
      files.filter((file) => existsSync(inRoot(file))),
      files,
    );
    for (const file of [files[0], 'etc/innkeeper', 'var/lib/innkeeper-agent'])
      rmSync(inRoot(file ?? ''), { recursive: true });
  });

  it('rpm: installs the agent, which runs; an upgrade keeps changed settings; a removal saves them', async () => {
    rpm('--install', rpms[0] ?? '');
    assert.equal(isAnythingRunning(), false);
    const preset = readIn(root, 'usr/lib/systemd/system-preset/80-innkeeper-agent.preset');
    assert.match(preset, /^enable innkeeper-agent\.service$/m);
    appendFileSync(inRoot(conf), '# Changed here.\n');
    const calls = fakeSystemd();
    await using agent = await AgentInRoot.start(root, readIn(root, unit));
    await agent.link.ping();
    writeFileSync(inRoot(`${program}.previous`), 'an agent');
    assert.match(rpm('--upgrade', rpms[1] ?? ''), /agent\.toml\.rpmnew/);
    assert.equal(existsSync(inRoot(`${program}.previous`)), false);
    assert.match(calls(), /^try-restart innkeeper-agent\.service$/m);
    assert.match(readIn(root, conf), /Changed here/);
    assert.match(readIn(root, `${conf}.rpmnew`), /Something new/);
    await agent.link.ping();
    rpm('--erase', 'innkeeper-agent');
    assert.match(calls(), /^disable innkeeper-agent\.service\nstop innkeeper-agent\.service$/m);
    endFakeSystemd();
    assert.match(readIn(root, `${conf}.rpmsave`), /Changed here/);
    assert.equal(existsSync(inRoot(program)), false);
  });
});
