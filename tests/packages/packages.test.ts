import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeTestRoot, readIn, serviceLine, type TestRoot, whyNoTestRoot } from './test-root.ts';

const checkout = join(import.meta.dirname, '../..');
const reason = whyNoTestRoot();
const conf = '/etc/innkeeper/innkeeper.conf';
const data = '/var/lib/innkeeper';
const disk = `${data}/vms/00000000-0000-4000-8000-000000000001/disk.qcow2`;

describe('the packages of the daemon', {
  skip: reason === undefined ? false : `No package is installed: ${reason}.`,
}, () => {
  let folder: string;
  let root: TestRoot;
  let deb: string;
  let rpm: string;
  let daemon: ChildProcess | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'innkeeper-packages-'));
    const build = [join(checkout, 'tools/commands/package.ts'), '--quick', '--output', folder];
    execFileSync(process.execPath, build, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
    const made = (end: string): string => join(folder, readdirSync(folder).find((name) => name.endsWith(end)) ?? end);
    [deb, rpm] = [made('.deb'), made('.rpm')];
    root = await makeTestRoot();
  });
  after(async () => {
    await stop();
    rmSync(folder, { recursive: true });
    // Undefined when the packages could not be built.
    root?.[Symbol.dispose]();
  });

  /** Installs a Debian package with --force-depends, since the root has no QEMU. */
  function dpkg(path: string): string {
    writeFileSync(join(root.path, 'package.deb'), '');
    execFileSync('mount', ['--bind', path, join(root.path, 'package.deb')]);
    try {
      return root.succeed('dpkg', '--force-depends', '--force-confdef', '--force-confold', '--install', '/package.deb');
    } finally {
      execFileSync('umount', [join(root.path, 'package.deb')]);
    }
  }

  /** Starts the service like its unit; resolves to its output once it serves. */
  async function start(): Promise<string> {
    const started = root.start(serviceLine(readIn(root, '/usr/lib/systemd/system/innkeeper.service')));
    daemon = started;
    let text = '';
    const serving = Promise.withResolvers<void>();
    const keep = (chunk: Buffer): void => {
      text += chunk.toString();
      const isWhole = readIn(root, conf).includes('--listen none') || /^Web console: .*\n/m.test(text);
      if (isWhole && /^innkeeper serves on .*\n/m.test(text)) serving.resolve();
    };
    started.stdout?.on('data', keep);
    started.stderr?.on('data', keep);
    started.once('close', (code) => serving.reject(new Error(`The daemon ended with ${code}: ${text}`)));
    await serving.promise;
    return text;
  }

  async function stop(): Promise<void> {
    if (daemon === undefined) return;
    const ended = daemon.exitCode === null ? once(daemon, 'close') : Promise.resolve();
    daemon.kill('SIGTERM');
    await ended;
    daemon = undefined;
  }

  function modeOf(path: string): string {
    const { mode, uid } = statSync(join(root.path, path));
    return `${(mode & 0o7777).toString(8)} ${uid === 0 ? 'root' : root.succeed('id', '-nu', `${uid}`).trim()}`;
  }

  it('the units in the packages pass systemd-analyze verify', (test) => {
    if (spawnSync('systemd-analyze', ['--version']).error !== undefined)
      return test.skip('systemd-analyze is not installed');
    const tree = join(folder, 'tree');
    execFileSync('dpkg-deb', ['--extract', deb, tree]);
    for (const manager of ['system', 'user']) {
      const unit = join(tree, `usr/lib/systemd/${manager}/innkeeper.service`);
      writeFileSync(unit, readFileSync(unit, 'utf8').replace('ExecStart=/usr', `ExecStart=${tree}/usr`));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', `--${manager}`, unit], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
      });
      assert.deepEqual([status, stdout + stderr], [0, ''], manager);
    }
    rmSync(tree, { recursive: true });
  });

  it('the Debian package’s dependencies exist in the host’s Debian', (test) => {
    if (!existsSync('/etc/debian_version')) return test.skip('this is not a Debian host');
    const depends = execFileSync('dpkg-deb', ['--field', deb, 'Depends'], { encoding: 'utf8' }).trim();
    const { status, stderr } = spawnSync('apt-get', ['satisfy', '--simulate', depends], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  it('deb: installs the service’s user, its folder and programs that run', () => {
    dpkg(deb);
    assert.equal(modeOf(data), '700 innkeeper');
    assert.equal(modeOf(conf), '640 root');
    assert.match(root.succeed('id', 'innkeeper'), /groups=.*\(kvm\)/);
    assert.match(readIn(root, '/etc/subuid'), /^innkeeper:/m);
    root.succeed('test', '-L', '/etc/systemd/system/multi-user.target.wants/innkeeper.service');
    assert.equal(root.succeed('find', '/usr/lib/innkeeper', '-perm', '/6022'), '');
    const { status, text: said } = root.run('inn', 'ls');
    assert.deepEqual([status, /No daemon answers/.test(said)], [1, true], said);
    assert.match(root.succeed('innkeeper', 'node', '--help'), /^innkeeper node/);
  });

  it('deb: the service serves with its agent and web console, only for root', async () => {
    const said = await start();
    assert.match(root.succeed('inn', 'version'), /inn +\d.*\ndaemon +\d.*, with agent \d/);
    assert.match(root.succeed('inn', 'ls'), /No VMs/);
    assert.equal(modeOf(`${data}/innkeeper.sock`), '600 innkeeper');
    const others = root.run('setpriv', '--reuid=nobody', '--clear-groups', 'inn', '--data', data, 'ls');
    assert.match(others.text, /belongs to another user/);
    assert.equal(others.status, 1);
    const url = /Web console: (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    assert.ok(url !== undefined, said);
    assert.match(await (await fetch(url)).text(), /<title>/);
    assert.match(await (await fetch(`${url}/install-agent.sh`)).text(), /ExecStart=.*innkeeper-agent serve/);
    assert.equal(
      (await fetch(`${url}/agent/latest/linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`)).status,
      200,
    );
  });

  it('deb: an upgrade under a running daemon keeps changed settings and disks', async () => {
    appendFileSync(join(root.path, conf), 'INNKEEPER_OPTIONS="--listen none"\n');
    root.succeed('setpriv', '--reuid=innkeeper', '--clear-groups', 'mkdir', '-p', disk.replace(/\/[^/]+$/, ''));
    writeFileSync(join(root.path, disk), 'a disk');
    // The next release has different default settings.
    const next = join(folder, 'next');
    execFileSync('dpkg-deb', ['--raw-extract', deb, next]);
    appendFileSync(join(next, conf), '# Something new.\n');
    const control = readFileSync(join(next, 'DEBIAN/control'), 'utf8');
    writeFileSync(join(next, 'DEBIAN/control'), control.replace(/^(Version: .*)-1$/m, '$1-2'));
    execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', next, join(folder, 'next.deb')]);
    rmSync(next, { recursive: true });
    dpkg(join(folder, 'next.deb'));
    assert.match(root.succeed('dpkg', '--status', 'innkeeper'), /^Version: .*-2$/m);
    assert.equal(daemon?.exitCode, null);
    assert.match(root.succeed('inn', 'ls'), /No VMs/);
    assert.match(readIn(root, conf), /--listen none/);
    assert.match(readIn(root, `${conf}.dpkg-dist`), /Something new/);
    await stop();
    assert.doesNotMatch(await start(), /Web console/);
    assert.match(root.succeed('inn', 'ls'), /No VMs/);
    await stop();
    assert.equal(readIn(root, disk), 'a disk');
  });

  it('deb: removing and purging keeps the data and prints its path', () => {
    assert.match(root.succeed('dpkg', '--remove', 'innkeeper'), /stay in \/var\/lib\/innkeeper/);
    assert.ok(!existsSync(join(root.path, 'usr/lib/innkeeper')));
    assert.match(readIn(root, conf), /--listen none/);
    assert.match(root.succeed('dpkg', '--purge', 'innkeeper'), /rm -rf \/var\/lib\/innkeeper/);
    assert.ok(!existsSync(join(root.path, conf)));
    assert.equal(readIn(root, disk), 'a disk');
  });

  it('rpm: it can be installed, serves, and can be removed without touching data and changed settings', async () => {
    root.succeed('userdel', 'innkeeper');
    rmSync(join(root.path, data), { recursive: true });
    const ask = (...words: string[]): string => {
      const { status, stdout, stderr } = spawnSync('rpm', ['--root', root.path, '--nodeps', ...words], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      return stdout + stderr;
    };
    ask('--install', rpm);
    assert.deepEqual([modeOf(data), modeOf(conf)], ['700 innkeeper', '640 root']);
    appendFileSync(join(root.path, conf), 'INNKEEPER_OPTIONS="--listen none"\n');
    await start();
    assert.match(root.succeed('inn', 'version'), /daemon +\d/);
    assert.match(root.succeed('inn', 'ls'), /No VMs/);
    ask('--upgrade', '--force', rpm);
    assert.match(readIn(root, conf), /--listen none/);
    await stop();
    mkdirSync(join(root.path, disk, '..'), { recursive: true });
    writeFileSync(join(root.path, disk), 'a disk');
    assert.match(ask('--erase', 'innkeeper'), /stay in \/var\/lib\/innkeeper/);
    assert.ok(!existsSync(join(root.path, 'usr/lib/innkeeper')));
    assert.match(readIn(root, `${conf}.rpmsave`), /--listen none/);
    assert.equal(readIn(root, disk), 'a disk');
  });
});
