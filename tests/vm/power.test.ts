import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AgentState, VmState } from '@innkeeper/contract/control';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, showVm, waitForVm } from './vm-state.ts';

const name = 'test-power';

describe('the power of a real guest', () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };

  const guest = (script: string): Promise<string> => guestShell(name, script, options);
  const bootId = async (): Promise<string> => (await guest('cat /proc/sys/kernel/random/boot_id')).trim();

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 120_000, { cpus: 2 });
  });
  after(() => cleanUp(daemon, [name]));

  it('users are told of a delayed reboot on their terminals, and a reboot that is called off does not come', async () => {
    const client = clientOf(daemon.dataDirectory);
    const before = await bootId();
    const terminal = client.exec(name, {
      start: { argv: ['sh', '-c', 'echo ready; sleep 600'], terminal: { columns: 80, rows: 24 } },
    });
    let text = '';
    for await (const { event } of terminal) {
      if (event.case !== 'output') continue;
      text += Buffer.from(event.value.data).toString();
      if (text.includes('ready') && !text.includes('reboots'))
        await innText(['reboot', name, '--in', '3s', '--message', 'new kernel'], options);
      if (text.includes('new kernel')) break;
    }
    assert.match(text, /This machine reboots in 3 seconds\.\s+new kernel/);
    assert.equal((await client.power.state(name)).pending?.message, 'new kernel');
    assert.match(await innText(['shutdown', name, '--cancel'], options), /stays up/);
    assert.match(await innText(['shutdown', name, '--cancel'], options), /not about to/);
    await guest('sleep 4');
    assert.equal(await bootId(), before);
  });

  it('a delayed reboot reboots once', async () => {
    const before = await bootId();
    await innText(['reboot', name, '--in', '1s'], options);
    await waitForVm(
      name,
      daemon.dataDirectory,
      (vm) => vm.system !== undefined && vm.system.bootId !== before && isConnected(vm),
    );
    const booted = await bootId();
    assert.notEqual(booted, before);
    await guest('sleep 5');
    assert.equal(await bootId(), booted);
  });

  it('a CPU goes off line and comes back, and the first one stays', async () => {
    const count = async (): Promise<string> => (await guest('grep -c ^processor /proc/cpuinfo')).trim();
    assert.equal(await count(), '2');
    await innText(['cpu', 'off', name, '1'], options);
    assert.equal(await count(), '1');
    assert.match(await innText(['cpu', 'ls', name], options), /1 +off line/);
    const first = await inn(['cpu', 'off', name, '0'], options);
    assert.match(first.stderr, /HARDWARE_REFUSED/);
    await innText(['cpu', 'on', name, '1'], options);
    assert.equal(await count(), '2');
  });

  it('a block of memory goes off line and comes back, or its refusal is named', async () => {
    const { units } = await clientOf(daemon.dataDirectory).power.hardware(name, 'memory');
    say(`${units.length} blocks of memory`);
    for (const { id } of units.slice(-2)) {
      const off = await inn(['memory', 'off', name, `${id}`], options);
      say(`memory${id}: ${off.exitCode} ${off.stderr}`);
      if (off.exitCode !== 0) assert.match(off.stderr, /HARDWARE_REFUSED/);
      else await innText(['memory', 'on', name, `${id}`], options);
    }
  });

  it('a guest that suspends itself is shown as suspended, and runs when it is woken', async () => {
    const suspend = 'echo deep >/sys/power/mem_sleep; (sleep 1; echo mem >/sys/power/state) >/dev/null 2>&1 &';
    await guest(suspend);
    const { dataDirectory } = daemon;
    const vm = await waitForVm(name, dataDirectory, ({ suspended }) => suspended, 30_000);
    assert.deepEqual([vm.state, vm.agent?.state], [VmState.PAUSED, AgentState.PAUSED]);
    assert.match(await innText(['ls'], options), /suspended/);
    await innText(['wake', name], options);
    assert.equal((await showVm(name, dataDirectory)).suspended, false);
    // The kernel of this image was loaded by QEMU and restarts; one that a boot loader loaded goes on.
    await waitForVm(name, dataDirectory, isConnected);
  });

  it('a guest that would not come back from a suspend is not suspended', async () => {
    const refused = await inn(['suspend', name], options);
    assert.match(refused.stderr, /SUSPEND_UNSUPPORTED/);
    assert.equal((await clientOf(daemon.dataDirectory).power.state(name)).canSuspend, false);
  });
});
