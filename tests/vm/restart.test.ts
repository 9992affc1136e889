import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConsoleStream } from '@innkeeper/client';
import { type Vm, VmState } from '@innkeeper/contract/control';
import { openStore } from '@innkeeper/store';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell } from './guest-shell.ts';
import { inn, innText, spawnInn } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, showVm, waitForVm } from './vm-state.ts';

const mib = 1024 * 1024;
const name = 'test-restart';

describe('a daemon that is killed', () => {
  const content = randomBytes(32 * mib);
  let daemon: Daemon;
  let options: { dataDirectory: string };
  let pid: number | undefined;

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    pid = (await createTestVm(daemon, name, 'tiny', 120_000)).hypervisor?.pid;
  });

  after(() => cleanUp(daemon, [name]));

  it('a daemon killed during an upload and a command adopts its VM, and both continue at their offsets', async () => {
    const client = clientOf(daemon.dataDirectory);
    const command = followCommand(options);
    /** The offset of each piece of the upload. */
    const offsets: number[] = [];
    let sent = 0;
    const half = Promise.withResolvers<void>();
    const upload = client.writeFile(name, '/root/upload', {
      uploadId: 'restart-test-upload',
      sizeBytes: content.length,
      source: (offset) => {
        offsets.push(offset);
        return pieces(content, offset);
      },
      onProgress: (bytes) => {
        sent = bytes;
        if (bytes > 12 * mib) half.resolve();
      },
    });
    upload.catch(half.reject);
    await half.promise;
    const bytesBefore = command.bytes();
    assert.ok(bytesBefore > 0, 'the command has printed nothing');
    assert.ok(!command.ended(), 'the command has already ended');
    await daemon.killHard();
    const sentBefore = sent;
    // Meanwhile the guest keeps running.
    await delay(1000);
    daemon = await startDaemon();

    const found = (seen: Vm): boolean => isConnected(seen) && seen.hypervisor?.pid !== undefined;
    const vm = await waitForVm(name, daemon.dataDirectory, found);
    assert.equal(vm.state, VmState.RUNNING);
    assert.equal(vm.hypervisor?.pid, pid);

    const written = await upload;
    const sha256 = createHash('sha256').update(content).digest('hex');
    say(`upload: ${sentBefore} bytes were sent, and it resumed at ${offsets.slice(1).join(', ')}`);
    assert.equal(offsets[0], 0);
    assert.equal(offsets.length, 2);
    assert.ok((offsets[1] ?? 0) > 4 * mib && (offsets[1] ?? 0) <= sentBefore + mib, `${offsets}`);
    assert.equal(Number(written.bytes), content.length);
    const inside = await guestShell(name, 'sha256sum /root/upload', options);
    assert.equal(inside.split(' ')[0], sha256);

    const { exitCode, sha256: outputHash, bytes, stderr } = await command.done;
    say(`command: ${bytesBefore} of ${bytes} bytes had arrived before the daemon was killed`);
    assert.match(stderr, /daemon lost/);
    assert.match(stderr, /daemon back/);
    assert.equal(outputHash, expectedHash);
    assert.equal(exitCode, 7);
  });

  it('the agent reconnects to a restarted daemon although the console that it logs to was stopped with ^S', async () => {
    const typeKey = async (key: number): Promise<ConsoleStream> => {
      const stream = clientOf(daemon.dataDirectory).openConsole(name, { writer: true });
      const events = stream[Symbol.asyncIterator]();
      for (let event = await events.next(); event.done !== true; event = await events.next())
        if (event.value.type === 'writer' && event.value.you) break;
      stream.write(Uint8Array.of(key));
      return stream;
    };
    const console = await typeKey(0x13);
    // More than the serial port buffers: this ends only while the console is not stopped.
    const fill = 'head -c 65536 /dev/zero | timeout 3 cat >/dev/ttyS0';
    let tries = 0;
    while ((await inn(['exec', name, '--', 'sh', '-c', fill], options)).exitCode === 0)
      assert.ok(++tries < 20, 'the console continues after ^S');
    console.close();
    say('the console is stopped');
    await daemon.killHard();
    // The agent logs the new session.
    daemon = await startDaemon();
    await waitForVm(name, daemon.dataDirectory, isConnected);
    say('the agent is connected');
    assert.equal(await guestShell(name, 'echo here', options), 'here\n');
    const again = await typeKey(0x11);
    // The console continues when this ends.
    while ((await inn(['exec', name, '--', 'sh', '-c', fill], options)).exitCode !== 0)
      assert.ok(++tries < 40, 'the console does not continue after ^Q');
    again.close();
  });

  it('a daemon killed together with the hypervisor of a VM with autostart starts that VM again', async () => {
    await innText(['set', name, '--autostart', 'on'], options);
    // A newly started daemon has not sampled the process yet.
    const isSampled = (seen: Vm): boolean => isConnected(seen) && seen.hypervisor?.pid !== undefined;
    const before = (await waitForVm(name, daemon.dataDirectory, isSampled)).hypervisor?.pid;
    assert.ok(before !== undefined);
    await daemon.killHard();
    process.kill(before, 'SIGKILL');
    daemon = await startDaemon();
    const after = await waitForVm(name, daemon.dataDirectory, isConnected);
    assert.notEqual(after.hypervisor?.pid, before);
    assert.match(await innText(['events', name, '--type', 'vm.autostarted'], options), /Started with the daemon/);
    assert.match(await innText(['show', name], options), /autostart +on/);

    await innText(['stop', name], options);
    await daemon.killHard();
    daemon = await startDaemon();
    await innText(['set', name, '--autostart', 'off'], options);
    assert.equal((await showVm(name, daemon.dataDirectory)).state, VmState.STOPPED);
  });
});

describe('a daemon that is killed while it works in a guest', () => {
  it('a daemon killed while it works in a guest has an audit entry for everything that was done', {
    timeout: 300_000,
  }, async () => {
    const vm = 'test-audit-kill';
    let daemon = await startDaemon();
    try {
      await createTestVm(daemon, vm, 'tiny', 120_000);
      const client = clientOf(daemon.dataDirectory);
      await client.files.mkdir(vm, '/root/acts');
      for (let round = 0; round < 5; round++) {
        let isOver = false;
        let answers = 0;
        const enough = Promise.withResolvers<void>();
        const work = async (caller: number): Promise<void> => {
          for (let count = 0; !isOver; count++) {
            try {
              await client.files.mkdir(vm, `/root/acts/r${round}-${caller}-${count}`);
              answers += 1;
              if (answers >= 25 + 5 * round) enough.resolve();
            } catch (error) {
              if (!isOver) enough.reject(error);
              return;
            }
          }
        };
        const working = [0, 1, 2, 3].map(work);
        await enough.promise;
        isOver = true;
        await daemon.killHard();
        await Promise.all(working);
        daemon = await startDaemon();
        await waitForVm(vm, daemon.dataDirectory, isConnected);
      }
      const happened = (await guestShell(vm, 'ls /root/acts', daemon)).trim().split('\n');
      const { id } = await showVm(vm, daemon.dataDirectory);
      await using store = await openStore(join(daemon.dataDirectory, 'innkeeper.db'));
      const entries = await store.audit.list({ action: 'FileService/MakeDirectory', vm: id, limit: 10_000 });
      const text = new Set(entries.map(({ parameters }) => /\/root\/acts\/([^"]+)/.exec(parameters)?.[1]));
      assert.ok(happened.length >= 5 * 25);
      assert.deepEqual(
        happened.filter((folder) => !text.has(folder)),
        [],
      );
      const interrupted = entries.filter(({ result }) => result !== 'ok').length;
      say(`${happened.length} folders were created over 5 kills, ${interrupted} entries have no result`);
    } finally {
      await cleanUp(daemon, [vm]);
    }
  });
});

const lastNumber = 2_000_000;
const expectedHash = createHash('sha256')
  .update(Array.from({ length: lastNumber }, (_, index) => `${index + 1}\n`).join(''))
  .digest('hex');

/** `inn exec` of a command that prints for longer than half of the upload takes. */
function followCommand(options: { readonly dataDirectory: string }) {
  const child = spawnInn(['exec', name, '--', 'sh', '-c', `seq ${lastNumber}; exit 7`], options);
  child.stdin.end();
  const hash = createHash('sha256');
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const done = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    sha256: hash.digest('hex'),
    bytes,
    stderr,
  }));
  return { bytes: () => bytes, ended: () => child.exitCode !== null, done };
}

async function* pieces(content: Buffer, from: number): AsyncGenerator<Uint8Array> {
  const step = 256 * 1024;
  for (let at = from; at < content.length; at += step) yield content.subarray(at, at + step);
}
