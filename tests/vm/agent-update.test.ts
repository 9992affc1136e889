import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { programOfVersion, writeProgram } from '../../apps/agent/testing/signed-update.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { inn, innText, spawnInn } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, showVm, waitForVm } from './vm-state.ts';

const name = 'test-agent-update';
const lastNumber = 2_000_000;
const expectedHash = createHash('sha256')
  .update(Array.from({ length: lastNumber }, (_, index) => `${index + 1}\n`).join(''))
  .digest('hex');

/** Has the daemon of a data folder serve an agent of another version. */
const withAgent = (path: string): string[] => ['sh', '-c', `exec "$@" --agent-binary ${path}`, 'sh'];

describe('an update of the agent in a VM', { timeout: 900_000 }, () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-agents-'));
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 120_000);
    await daemon[Symbol.asyncDispose]();
    const path = join(folder, `innkeeper-agent-linux-${process.arch}`);
    await writeProgram(path, await programOfVersion('0.1.9'));
    daemon = await startDaemon(daemon.dataDirectory, withAgent(path));
    await waitForVm(name, daemon.dataDirectory, isConnected);
  });

  after(async () => {
    await cleanUp(daemon, [name]);
    await rm(folder, { recursive: true, force: true });
  });

  it('an outdated agent is shown, and updated while a command prints and a terminal is open, of which no byte is lost', async () => {
    assert.match(await innText(['ls', name], options), /outdated/);
    assert.match(await innText(['show', name], options), /0\.1\.0 \(outdated: inn agent update test-agent-update\)/);
    assert.match((await inn(['doctor', name], options)).stdout.toString(), /older than 0\.1\.9/);
    const pid = await innText(['exec', name, '--', 'pidof', 'innkeeper-agent'], options);

    const command = spawnInn(['exec', name, '--', 'sh', '-c', `seq ${lastNumber}; exit 7`], options);
    command.stdin.end();
    const hash = createHash('sha256');
    let bytes = 0;
    command.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    let errors = '';
    command.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const ended = once(command, 'close');
    const argv = ['sh', '-c', 'echo begun; read line; echo "got $line"'];
    const terminal = clientOf(options.dataDirectory).exec(name, {
      start: { argv, stdin: true, terminal: { columns: 80, rows: 24 } },
    });
    let screen = '';
    const shown = (async () => {
      for await (const { event } of terminal)
        if (event.case === 'output') screen += Buffer.from(event.value.data).toString();
    })();
    await until(async () => bytes > 100_000 && screen.includes('begun'), { what: 'both print' });
    const before = bytes;

    const result = await innText(['agent', 'update', '--all', '-o', 'json'], options);
    const after = bytes;
    say(`update: ${before} bytes before it, ${after} at its end; ${result}`);
    const [row] = (JSON.parse(result) as { vm: string; result: string }[]).filter(({ vm }) => vm === name);
    assert.equal(row?.result, 'updated');
    assert.ok(command.exitCode === null, 'the command went on during the update');
    const vm = await waitForVm(name, options.dataDirectory, isConnected);
    assert.deepEqual([vm.agent?.version, vm.agent?.outdated], ['0.1.9', false]);
    assert.equal(await innText(['exec', name, '--', 'pidof', 'innkeeper-agent'], options), pid);

    await terminal.writeStdin(Buffer.from('typed after it\n'));
    await shown;
    assert.match(screen, /got typed after it/);
    const [exitCode] = (await ended) as [number];
    assert.deepEqual([hash.digest('hex'), exitCode], [expectedHash, 7], `${bytes} bytes; ${errors}; ${daemon.log()}`);
    const files = await innText(['exec', name, '--', 'sh', '-c', 'ls /usr/local/bin'], options);
    assert.equal(files, 'innkeeper-agent\n');
    assert.match((await inn(['agent', 'update', '--all'], options)).stderr, /No agent is outdated/);
  });

  it('the updated agent is the one that starts with the guest', async () => {
    await innText(['reboot', name], options);
    const { agent } = await showVm(name, options.dataDirectory);
    const isBack = (vm: Awaited<ReturnType<typeof showVm>>): boolean =>
      isConnected(vm) && vm.agent?.bootId !== agent?.bootId;
    const vm = await waitForVm(name, options.dataDirectory, isBack, 120_000);
    assert.equal(vm.agent?.version, '0.1.9');
  });
});
