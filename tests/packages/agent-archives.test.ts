import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ownTarget, type Target, targetNames, targets } from '../../tools/build-agent/targets.ts';
import { agentBinaryPath } from '../../tools/package/agent-product.ts';
import { buildDisc } from '../../tools/package/build-archives.ts';
import { architectureOf } from '../../tools/package/product.ts';
import { gzipMembers, readTar } from './read-archives.ts';
import { makeTestRoot, readIn, type TestRoot, whyNoTestRoot } from './test-root.ts';

const checkout = join(import.meta.dirname, '../..');
const lacking = ['xorriso', 'rpmbuild', 'dpkg-deb'].find((program) => spawnSync(program, ['--version']).error);
const skip = lacking === undefined ? false : `${lacking} is not installed`;
const noRoot = whyNoTestRoot();
const inRoot = { skip: noRoot === undefined ? false : `No root is made: ${noRoot}.` };
/** Shell functions for a root without pgrep. `wait_for_agent` prints the pid of the agent, at the latest after 10 s. */
const functions = `pid_of_agent() {
	for each in /proc/[0-9]*; do
		[ "$(readlink "$each/exe")" != "$program" ] || { echo "\${each#/proc/}"; return 0; }
	done
	return 1
}
wait_for_agent() {
	n=0
	until pid_of_agent || [ $n = 100 ]; do n=$((n + 1)); sleep 0.1; done
}
`;

/** What `npm run package:agent` writes, without what the tests of Debian and RPM packages cover. */
describe('archives with the agent', { skip }, () => {
  let folder: string;
  let built: readonly Target[];
  let root: TestRoot | undefined;

  before(
    async () => {
      folder = mkdtempSync(join(tmpdir(), 'innkeeper-agent-archives-'));
      const command = join(checkout, 'tools/commands/package-agent.ts');
      // An agent for another architecture needs a cross compiler; npm test builds it where there is one.
      built = targets.filter((target) => target === ownTarget || existsSync(agentBinaryPath(checkout, target)));
      const arch = built.length === 1 ? ownTarget : 'all';
      execFileSync(process.execPath, [command, '--quick', '--output', folder, '--arch', arch], { stdio: 'pipe' });
      if (noRoot === undefined) root = await makeTestRoot();
    },
    { timeout: 240_000 },
  );
  after(() => {
    rmSync(folder, { recursive: true });
    root?.[Symbol.dispose]();
  });

  const made = (end: string): string => {
    const name = readdirSync(folder).find((each) => each.endsWith(end));
    assert.ok(name !== undefined, `${end}: ${readdirSync(folder)}`);
    return join(folder, name);
  };
  const apkOf = (target: Target): string => made(`.${architectureOf('apk', target)}.apk`);

  /** A test root; the tests that need one are skipped without it. */
  function testRoot(): TestRoot {
    assert.ok(root !== undefined);
    return root;
  }

  /** Unpacks the disc into a new folder. */
  function unpackDisc(target: string): void {
    execFileSync('xorriso', ['-osirrox', 'on', '-indev', made('.iso'), '-extract', '/', target], { stdio: 'pipe' });
    execFileSync('chmod', ['-R', 'u+w', target]);
  }

  it('every kind of package is built for both architectures', (test) => {
    const ends = built.flatMap((target) => {
      const [deb, rpm] = [architectureOf('deb', target), architectureOf('rpm', target)];
      return [`_${deb}.deb`, `.${rpm}.rpm`, `.${rpm}.apk`, `-linux-${deb}.tar.gz`];
    });
    for (const end of [...ends, '.iso']) made(end);
    assert.equal(readdirSync(folder).length, ends.length + 1);
    if (built.length === 1) test.diagnostic('The agent was built for one architecture alone.');
  });

  it('apk: two gzip streams are one archive: what the package is, with the hash of its files, and the files', () => {
    for (const target of built) {
      const apk = readFileSync(apkOf(target));
      const members = gzipMembers(apk);
      assert.equal(members.length, 2);
      const [control, data] = members;
      assert.ok(control !== undefined && data !== undefined);
      assert.equal(
        data.content.subarray(-1024).every((byte) => byte === 0),
        true,
      );
      const entries = readTar(control.content);
      const scripts = ['pre-install', 'post-install', 'post-upgrade', 'pre-deinstall', 'post-deinstall'];
      assert.deepEqual(
        entries.map(({ path }) => path),
        ['.PKGINFO', ...scripts.map((name) => `.${name}`)],
      );
      // Nothing ends the archive before the files.
      assert.ok(readTar(Buffer.concat([control.content, data.content])).length > entries.length);
      const [info] = entries;
      const lines = (info?.content.toString() ?? '').trim().split('\n');
      const values = new Map(lines.map((line) => line.split(' = ') as [string, string]));
      assert.match(values.get('pkgver') ?? '', /^\d+\.\d+\.\d+-r1$/);
      assert.deepEqual([values.get('pkgname'), values.get('arch')], ['innkeeper-agent', architectureOf('apk', target)]);
      assert.equal(values.get('datahash'), createHash('sha256').update(data.bytes).digest('hex'));
    }
  });

  it('apk: each file has its SHA-1 in its header, belongs to root, and the program is the agent', () => {
    for (const target of built) {
      const entries = readTar(gzipMembers(readFileSync(apkOf(target)))[1]?.content ?? Buffer.alloc(0));
      const files = entries.filter(({ type }) => type === '0');
      assert.deepEqual(
        files.map(({ path, mode }) => `${path} ${mode.toString(8)}`),
        [
          'etc/init.d/innkeeper-agent 755',
          'etc/innkeeper/agent.toml 644',
          'usr/bin/innkeeper-agent 755',
          'usr/share/licenses/innkeeper-agent/LICENSE 644',
        ],
      );
      for (const { path, content, values } of files) {
        const sha1 = createHash('sha1').update(content).digest('hex');
        assert.equal(values.get('APK-TOOLS.checksum.SHA1'), sha1, path);
      }
      for (const { path, owner } of entries) assert.equal(owner, '0 0 root root', path);
      for (const hooks of ['pre-freeze.d', 'post-thaw.d'])
        assert.ok(entries.some(({ path }) => path === `etc/innkeeper/${hooks}/`));
      const program = files.find(({ path }) => path === 'usr/bin/innkeeper-agent')?.content;
      assert.ok(program?.equals(readFileSync(agentBinaryPath(checkout, target))));
    }
  });

  it('apk: its scripts start the agent with OpenRC without a port, restart it when killed, and stop it', inRoot, () => {
    const { path, succeed, withOpenrc } = testRoot();
    const target = join(path, 'package');
    mkdirSync(target);
    execFileSync('tar', ['-xzf', apkOf(ownTarget), '--warning=no-unknown-keyword', '-C', target]);
    // In a chroot without an init system nothing starts, and nothing is said.
    succeed('cp', '-a', '/package/etc', '/package/usr', '/');
    assert.equal(succeed('/package/.pre-install') + succeed('/package/.post-install'), '');
    assert.equal(succeed('readlink', '/etc/runlevels/default/innkeeper-agent').trim(), '/etc/init.d/innkeeper-agent');
    const said = withOpenrc(`program=/usr/bin/innkeeper-agent
      ${functions}
      /package/.post-install
      first=$(wait_for_agent)
      kill -9 "$first"
      while [ -d "/proc/$first" ]; do sleep 0.1; done
      second=$(wait_for_agent)
      /package/.post-upgrade
      while [ -d "/proc/$second" ]; do sleep 0.1; done
      third=$(wait_for_agent)
      /package/.pre-deinstall
      [ ! -d "/proc/$third" ]
      echo "$first $second $third"`);
    const pids = said.trim().split(' ');
    assert.equal(new Set(pids).size, 3, said);
    assert.equal(existsSync(join(path, 'etc/runlevels/default/innkeeper-agent')), false);
    for (const file of ['etc/init.d/innkeeper-agent', 'usr/bin/innkeeper-agent']) rmSync(join(path, file));
  });

  it('disc: its label is INNKEEPER, and building it twice gives the same bytes', async () => {
    assert.match(
      execFileSync('blkid', ['-o', 'value', '-s', 'LABEL', made('.iso')], { encoding: 'utf8' }),
      /^INNKEEPER$/m,
    );
    const output = mkdtempSync(join(folder, 'twice-'));
    const build = async (): Promise<Buffer> => {
      const common = { root: checkout, output, targets: [ownTarget], version: '1.2.3', timeSeconds: 1_700_000_000 };
      return readFileSync(await buildDisc(common, [apkOf(ownTarget)]));
    };
    const first = await build();
    assert.ok(first.equals(await build()));
    rmSync(output, { recursive: true });
  });

  it('disc: it has all packages, and install-agent.sh finds the agent of each architecture', () => {
    const disc = join(folder, 'disc');
    unpackDisc(disc);
    const packages = readdirSync(folder).filter((name) => /\.(deb|rpm|apk)$/.test(name));
    assert.deepEqual(readdirSync(join(disc, 'packages')).sort(), packages.sort());
    for (const target of built) {
      const name = `linux-${architectureOf('deb', target)}`;
      const sum = execFileSync('sha256sum', ['--check', `${name}.sha256`], {
        cwd: join(disc, 'agent'),
        encoding: 'utf8',
      });
      assert.equal(sum, `${name}: OK\n`);
      assert.ok(readFileSync(join(disc, 'agent', name)).equals(readFileSync(agentBinaryPath(checkout, target))));
    }
    for (const name of ['README.txt', 'LICENSE.txt', 'cloud-init/user-data', 'units/openrc/innkeeper-agent'])
      assert.ok(existsSync(join(disc, name)));
    rmSync(disc, { recursive: true });
  });

  it('disc: the commands of its cloud-init snippet install and start the agent without a network', inRoot, () => {
    const { path, withOpenrc } = testRoot();
    unpackDisc(join(path, 'disc'));
    // A container has no CD-ROM.
    const fake = (name: string, script: string): void =>
      writeFileSync(join(path, 'usr/sbin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    rmSync(join(path, 'usr/sbin/findfs'));
    fake('findfs', '[ "$*" = LABEL=INNKEEPER ] && echo /dev/sr0');
    fake('mount', '[ "$*" = "-o ro /dev/sr0 /run/innkeeper-disc" ] && cp -r /disc/. "$4"');
    fake('umount', '[ "$*" = /run/innkeeper-disc ]');
    const userData = readIn(testRoot(), 'disc/cloud-init/user-data');
    assert.match(userData, /^#cloud-config\n/);
    const [, command = ''] = /^runcmd:\n {2}- - sh\n {4}- -ec\n {4}- \|\n((?: {6}.*\n)+)$/m.exec(userData) ?? [];
    writeFileSync(join(path, 'command'), command.replaceAll(/^ {6}/gm, ''));
    const said = withOpenrc(`program=/usr/local/bin/innkeeper-agent
      ${functions}
      sh -e /command
      wait_for_agent`);
    assert.match(said, /installed, and openrc starts it\.\n\d+\n$/);
  });

  it('tar ball: install-agent.sh in it installs the agent into another root', inRoot, () => {
    const target = mkdtempSync(join(folder, 'target-'));
    mkdirSync(join(target, 'etc/systemd/system'), { recursive: true });
    mkdirSync(join(target, 'sbin'));
    cpSync('/bin/true', join(target, 'sbin/systemd'));
    execFileSync('ln', ['-s', 'systemd', join(target, 'sbin/init')]);
    const source = mkdtempSync(join(folder, 'source-'));
    execFileSync('tar', ['-xzf', made(`-linux-${architectureOf('deb', ownTarget)}.tar.gz`), '-C', source]);
    const [name = ''] = readdirSync(source);
    const install = (): { status: number | null; text: string } => {
      const env = { ...process.env, DESTDIR: target };
      const { status, stdout, stderr } = spawnSync('sh', ['install-agent.sh'], {
        cwd: join(source, name),
        encoding: 'utf8',
        env,
      });
      return { status, text: stdout + stderr };
    };
    // As the removal of a Debian package leaves it.
    execFileSync('ln', ['-s', '/dev/null', join(target, 'etc/systemd/system/innkeeper-agent.service')]);
    const { status, text } = install();
    assert.deepEqual([status, text], [0, 'The Innkeeper agent is installed, and systemd starts it.\n']);
    const unit = readFileSync(join(target, 'etc/systemd/system/innkeeper-agent.service'), 'utf8');
    assert.match(unit, /^ExecStart=\/usr\/local\/bin\/innkeeper-agent serve$/m);
    mkdirSync(join(target, 'usr/bin'));
    writeFileSync(join(target, 'usr/bin/innkeeper-agent'), '');
    assert.match(install().text, /installed as a package already/);
  });

  it('the arm64 packages contain an agent that passes its self-test', (test) => {
    const target: Target = 'arm64';
    const { emulator } = targetNames[target];
    if (!built.includes(target)) return test.skip('it was not built: npm run build:agent -- --arch arm64');
    if (target !== ownTarget && spawnSync(emulator, ['--version']).error !== undefined)
      return test.skip(`${emulator} is not installed: apt-get install qemu-user-static`);
    const tree = join(folder, 'arm64');
    execFileSync('dpkg-deb', ['--extract', made('_arm64.deb'), tree]);
    const program = join(tree, 'usr/bin/innkeeper-agent');
    const words = target === ownTarget ? [program] : [emulator, program];
    const { status, stdout, stderr } = spawnSync(words[0] ?? '', [...words.slice(1), '--self-test'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    const fields = ['--queryformat', '%{ARCH} %{OS}', '--query', '--package', made('.aarch64.rpm')];
    assert.equal(execFileSync('rpm', fields, { encoding: 'utf8' }), 'aarch64 linux');
    assert.equal(
      execFileSync('dpkg-deb', ['--field', made('_arm64.deb'), 'Architecture'], { encoding: 'utf8' }),
      'arm64\n',
    );
  });
});
