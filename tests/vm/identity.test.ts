import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestScript } from './guest-shell.ts';
import { innText } from './inn.ts';
import { ensureImage, forgetImage } from './test-images.ts';
import { cleanUp, isConnected, removeOtherVms, waitForVm } from './vm-state.ts';

const names = ['test-twin-a', 'test-twin-b', 'test-twin-c', 'test-twin-d'] as const;
const [first, second, , kept] = names;
/** In place of OpenSSH, which tiny lacks: keys of two types from the kernel's random pool. */
const keygen = `#!/bin/sh
for type in ed25519 rsa; do
  key=$(head -c 24 /dev/urandom | base64)
  echo "$key" >"$3/etc/ssh/ssh_host_\${type}_key"
  echo "ssh-$type $key" >"$3/etc/ssh/ssh_host_\${type}_key.pub"
done
`;

/** Makes the base of the image that of a machine in use: with ids and keys, which all its VMs then begin with. */
function useMachine(dataDirectory: string, folder: string): void {
  const images = join(dataDirectory, 'images', 'tiny');
  const base = readdirSync(images).find((file) => file.startsWith('base'));
  assert.ok(base !== undefined, `no base among ${readdirSync(images).join(', ')}`);
  const files: readonly (readonly [string, string, string])[] = [
    ['/etc/machine-id', `${'a'.repeat(32)}\n`, '0100444'],
    ['/usr/bin/ssh-keygen', keygen, '0100755'],
    ...['rsa', 'dsa'].flatMap((type) => [
      [`/etc/ssh/ssh_host_${type}_key`, 'old\n', '0100600'] as const,
      [`/etc/ssh/ssh_host_${type}_key.pub`, `ssh-${type} old\n`, '0100644'] as const,
    ]),
  ];
  const commands = files.flatMap(([path, text, mode], index) => {
    const local = join(folder, String(index));
    writeFileSync(local, text);
    return [`write ${local} ${path}`, `set_inode_field ${path} mode ${mode}`];
  });
  execFileSync('debugfs', ['-w', '-f', '-', join(images, base)], {
    input: ['mkdir /etc/ssh', ...commands, ''].join('\n'),
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

interface Facts {
  readonly hostname: string;
  readonly machineId: string;
  readonly hostKeys: readonly string[];
}

describe('VMs of one image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-twins-'));
  let daemon: Daemon;
  let options: { dataDirectory: string };

  const guest = (name: string, script: string): Promise<string> => guestScript(name, script, options);
  const facts = async (name: string): Promise<Facts> =>
    JSON.parse(await innText(['guest', 'show', name, '-o', 'json'], options)) as Facts;
  const createTwin = async (name: string, ...more: string[]): Promise<void> => {
    await innText(['create', name, '--image', 'tiny', '--memory', '128M', '--start', ...more], {
      ...options,
      timeoutMs: 180_000,
    });
    await waitForVm(name, daemon.dataDirectory, isConnected);
  };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await removeOtherVms(daemon.dataDirectory);
    await ensureImage(daemon.dataDirectory, 'tiny');
    // Its base has the ids and keys of a machine from here on.
    forgetImage(daemon.dataDirectory, 'tiny');
    useMachine(daemon.dataDirectory, folder);
    for (const name of [first, second]) await createTwin(name, '--fresh-identity');
  });

  after(async () => {
    try {
      await cleanUp(daemon, names);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('two VMs of one image have neither name, machine id, host keys nor random numbers in common', async () => {
    const twins = await Promise.all([first, second].map(facts));
    assert.deepEqual(
      twins.map(({ hostname }) => hostname),
      [first, second],
    );
    assert.equal(await guest(second, 'hostname; cat /etc/hostname'), `${second}\n${second}\n`);
    const all = twins.flatMap(({ machineId, hostKeys }) => [machineId, ...hostKeys]);
    assert.deepEqual([all.length, new Set(all).size], [6, 6], JSON.stringify(twins));
    assert.ok(!all.some((text) => text.includes('old') || text.includes('aaaa')), JSON.stringify(all));
    const random = await Promise.all([first, second].map((name) => guest(name, 'head -c 16 /dev/urandom | md5sum')));
    assert.notEqual(random[0], random[1]);
  });

  it('a renamed VM’s guest has the new name, and its id and keys stay', async () => {
    const before = await facts(second);
    await innText(['stop', second], options);
    await innText(['rename', second, names[2]], options);
    await innText(['start', names[2]], options);
    const after = await facts(names[2]);
    assert.deepEqual(after, { ...before, hostname: names[2] });
    // A name that somebody sets in the guest stays.
    await innText(['guest', 'set', names[2], '--hostname', 'mine'], options);
    await innText(['restart', names[2]], options);
    assert.equal((await facts(names[2])).hostname, 'mine');
  });

  it('without a wish for it, a guest keeps the ids and the name of its image', async () => {
    await createTwin(kept, '--keep-hostname');
    const { hostname, machineId } = await facts(kept);
    assert.deepEqual([hostname, machineId], ['tiny', 'a'.repeat(32)]);
    const set = JSON.parse(
      await innText(['guest', 'set', kept, '--new-machine-id', '--new-host-keys', '-o', 'json'], options),
    ) as Facts;
    assert.match(set.machineId, /^[0-9a-f]{32}$/);
    assert.notEqual(set.machineId, machineId);
    assert.equal(set.hostKeys.length, 2);
  });
});
