import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { quoteWord } from '@innkeeper/kit';
import { type Daemon, startDaemon } from './daemon.ts';
import { downloadPackages, unpackPackages } from './debian-packages.ts';
import { guestScript } from './guest-shell.ts';
import { inn, innText, spawnInn } from './inn.ts';
import { cleanUp, createTestVm, say, showVm } from './vm-state.ts';

const run = promisify(execFile);
const name = 'test-tunnel';
/** Of what goes through SSH each way. */
const fullBytes = 1024 ** 3;
/** Where the CPU is emulated. */
const emulatedBytes = 32 * 1024 ** 2;
const mainFile = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'src', 'main.ts');

describe('SSH through a tunnel into a guest without a network card', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-tunnel-'));
  const tools = join(folder, 'tools');
  let daemon: Daemon;
  let options: { dataDirectory: string };

  /** Runs a shell command of this machine, which finds `inn`, `ssh` with the guest's stanza, `rsync` and `ansible`. */
  const sh = async (command: string, timeoutMs = 300_000): Promise<string> => {
    const env = {
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: folder,
      LANG: 'C.UTF-8',
      ANSIBLE_SSH_ARGS: `-F ${join(folder, 'config')}`,
      ANSIBLE_SCP_EXTRA_ARGS: '-O',
      ANSIBLE_LOCAL_TEMP: join(folder, 'ansible'),
    };
    const { stdout } = await run('/bin/bash', ['-ec', `set -o pipefail; cd ${folder}; ${command}`], {
      env,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  const guest = (command: string): Promise<string> => guestScript(name, command, options);

  const wrapper = (program: string, line: string): void => {
    writeFileSync(join(folder, 'bin', program), `#!/bin/sh\nexec ${line} "$@"\n`);
    chmodSync(join(folder, 'bin', program), 0o755);
  };

  /**
   * Unpacks packages here and copies them, without their scripts: installing them takes minutes where the CPU is emulated.
   */
  const addToGuest = async (...packages: string[]): Promise<void> => {
    const own = join(folder, packages.join('+'));
    await unpackPackages(await downloadPackages(`${own}.debs`, join(folder, 'status'), packages), own);
    await sh(`tar -C ${own} -c . | inn exec ${name} -- tar -x -C / --keep-directory-symlink --no-same-owner`, 600_000);
  };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'debian', 180_000, { cpus: 2 });
    say('SSH server and rsync: copied to the guest');
    await innText(['cp', `${name}:/var/lib/dpkg/status`, join(folder, 'status')], options);
    mkdirSync(join(folder, 'bin'));
    wrapper('inn', [process.execPath, mainFile, '--data', daemon.dataDirectory].map(quoteWord).join(' '));
    await addToGuest('openssh-server', 'rsync');
    say('rsync and ansible: unpacked on this machine');
    const clients = await downloadPackages(join(folder, 'clients'), '/var/lib/dpkg/status', ['rsync', 'ansible-core']);
    await unpackPackages(clients, tools);
    for (const program of ['ssh', 'scp', 'sftp']) wrapper(program, `/usr/bin/${program} -F ${join(folder, 'config')}`);
    wrapper('rsync', `env LD_LIBRARY_PATH=${join(tools, 'usr/lib/x86_64-linux-gnu')} ${join(tools, 'usr/bin/rsync')}`);
    const packages = join(tools, 'usr/lib/python3/dist-packages');
    wrapper('ansible', `env PYTHONPATH=${packages} /usr/bin/python3 ${join(tools, 'usr/bin/ansible')}`);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
    await guest('mkdir -p -m 700 /root/.ssh');
    await innText(['cp', join(folder, 'key.pub'), `${name}:/root/.ssh/authorized_keys`], options);
    // The server listens on loopback alone, and the card is taken out.
    await guest(
      'useradd --system --home /run/sshd --shell /usr/sbin/nologin sshd; mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key',
    );
    const server = [
      '-D',
      '-f',
      '/dev/null',
      '-h',
      '/etc/ssh/ssh_host_ed25519_key',
      '-o',
      'ListenAddress=127.0.0.1',
      '-o',
      'Subsystem=sftp internal-sftp',
    ];
    await innText(['exec', name, '--detach', '--', '/usr/sbin/sshd', ...server], options);
    await guest(
      'for card in /sys/class/net/e*; do [ ! -e "$card/device" ] || echo 1 >"$(readlink -f "$card/device")/../remove"; done',
    );
    assert.equal((await guest('ls /sys/class/net')).trim(), 'lo');
    const stanza = await innText(['--data', daemon.dataDirectory, 'ssh-config', name, '--user', 'root'], options);
    const [, alias = ''] = /^ {2}HostKeyAlias (.+)$/m.exec(stanza) ?? [];
    const hostKey = await guest('cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub');
    writeFileSync(join(folder, 'known'), `${alias} ${hostKey}`);
    const own = [`IdentityFile ${join(folder, 'key')}`, `UserKnownHostsFile ${join(folder, 'known')}`];
    writeFileSync(
      join(folder, 'config'),
      `${stanza}  ${own.join('\n  ')}\n  StrictHostKeyChecking yes\n  BatchMode yes\n`,
    );
  });

  after(async () => {
    try {
      await cleanUp(daemon, [name]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ssh runs commands in the guest and passes on exit codes', async () => {
    assert.match(await sh(`ssh ${name} 'echo $SSH_CONNECTION'`), /^127\.0\.0\.1 \d+ 127\.0\.0\.1 22$/m);
    await assert.rejects(sh(`ssh ${name} 'exit 42'`), { code: 42 });
  });

  it('scp, sftp and rsync copy files and folders both ways', async () => {
    mkdirSync(join(folder, 'tree', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'tree', 'a'), 'a'.repeat(1_000_000));
    writeFileSync(join(folder, 'tree', 'sub', 'b'), 'b');
    await sh(`scp -q tree/a ${name}:/root/one; scp -q -O ${name}:/root/one old; scp -q ${name}:/root/one new`);
    await sh('cmp tree/a old; cmp tree/a new');
    await sh(`rsync -a tree/ ${name}:/root/tree/; rsync -a ${name}:/root/tree/ back/; diff -r tree back`);
    writeFileSync(join(folder, 'tree', 'a'), 'c');
    assert.match(await sh(`rsync -ai --delete tree/ ${name}:/root/tree/`), /^<f\S+ a$/m);
  });

  it('1 GiB goes through ssh each way unchanged, or 32 MiB where the CPU is emulated', async () => {
    const { accelerator } = await showVm(name, options.dataDirectory);
    const streamBytes = accelerator === 'kvm' ? fullBytes : emulatedBytes;
    // The same bytes here and in the guest, without a file.
    const source = `(seq 1 200000000 2>/dev/null || true) | head -c ${streamBytes}`;
    const wanted = (await sh(`${source} | sha256sum`, 300_000)).slice(0, 64);
    const timed = async (what: string, command: string): Promise<string> => {
      const startMs = performance.now();
      const text = await sh(command, 600_000);
      const seconds = (performance.now() - startMs) / 1000;
      say(`${what}: ${Math.round(streamBytes / 1024 ** 2 / seconds)} MiB/s`);
      return text.slice(0, 64);
    };
    assert.equal(await timed('to the guest', `${source} | ssh ${name} sha256sum`), wanted);
    assert.equal(await timed('from the guest', `ssh ${name} '${source}' | sha256sum`), wanted);
  });

  it('inn forward reaches a port of the guest, and again after a restart of the daemon', async () => {
    const forward = spawnInn(['forward', name, '0:22'], options);
    try {
      const line = await new Promise<string>((resolve) => forward.stdout.once('data', (text) => resolve(String(text))));
      const port = Number(/^127\.0\.0\.1:(\d+) -> /.exec(line)?.[1]);
      assert.match(await bannerAt(port), /^SSH-2\.0-OpenSSH/);
      await daemon.killHard();
      daemon = await startDaemon();
      assert.match(await bannerAt(port), /^SSH-2\.0-OpenSSH/);
    } finally {
      forward.kill('SIGINT');
    }
    assert.equal((await inn(['tunnel', name, '1'], options)).exitCode, 1);
  });

  it('ansible pings the guest and copies a file', async () => {
    await addToGuest('python3-minimal', 'python3');
    const all = `ansible all -i ${name}, -e ansible_python_interpreter=/usr/bin/python3 -u root`;
    assert.match(await sh(`${all} -m ping`, 600_000), /"ping": "pong"/);
    await sh(`${all} -m copy -a 'content=from-ansible dest=/root/by-ansible'`, 600_000);
    assert.equal(await guest('cat /root/by-ansible'), 'from-ansible');
  });
});

/** The first bytes that a server sends. */
async function bannerAt(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString();
  } finally {
    socket.destroy();
  }
}
