import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { shutdown, cancelShutdown, getPower, suspend, listHardware, setHardware } = PowerServiceLite;

/** A guest with sysvinit. */
function guest(): FakeHost {
  const host = new FakeHost();
  host.files.put('/sbin/shutdown', '', { mode: 0o755 });
  return host;
}

describe('Shutdown', () => {
  it('Shutdown answers first, and shuts down a moment later', async () => {
    const { host, node } = await startFakeAgent(guest());
    host.jobs.results.set('/sbin/shutdown -h -P now', {});
    const call = await node.open(shutdown, { mode: 1 });
    assert.equal(call.messages[0]?.method, '/sbin/shutdown -h -P now');
    assert.deepEqual(host.jobs.ran, []);
    await host.clock.advance(100);
    assert.deepEqual([host.jobs.ran, host.power.calls], [['/sbin/shutdown -h -P now'], []]);
  });

  it('Shutdown falls back to the kernel if the init system fails or is missing', async () => {
    const { host, node } = await startFakeAgent(guest());
    host.jobs.results.set('/sbin/shutdown -r now', { exitCode: 1, stderr: 'no' });
    await node.open(shutdown, { mode: 2 });
    await host.clock.advance(100);
    assert.deepEqual(host.power.calls, ['reboot']);
    const bare = await startFakeAgent();
    assert.equal((await bare.node.open(shutdown, { mode: 3 })).messages[0]?.method, 'reboot(2)');
    await bare.host.clock.advance(100);
    assert.deepEqual(bare.host.power.calls, ['halt']);
  });

  it('Shutdown waits for the requested delay, and a later request replaces it', async () => {
    const { host, node } = await startFakeAgent();
    await node.open(shutdown, { mode: 1, delaySeconds: 60 });
    await host.clock.advance(59_000);
    await node.open(shutdown, { mode: 2, delaySeconds: 10 });
    await host.clock.advance(5_000);
    assert.deepEqual(host.power.calls, []);
    await host.clock.advance(60_000);
    assert.deepEqual(host.power.calls, ['reboot']);
  });

  it('Shutdown refuses an invalid mode and a delay of more than a day', async () => {
    const { host, node } = await startFakeAgent();
    assert.equal((await node.open(shutdown, { mode: 0 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(shutdown, { mode: 9 as 1 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(shutdown, { mode: 1, delaySeconds: 86_401 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(shutdown, { mode: 1, message: 'x'.repeat(1025) })).reason, 'INVALID_ARGUMENT');
    await host.clock.advance(200_000_000);
    assert.deepEqual(host.power.calls, []);
  });
});

describe('a delayed shutdown', () => {
  it('users are told on their terminals at once and a minute before, without control characters', async () => {
    const { host, node } = await startFakeAgent();
    host.files.putFolder('/dev/pts');
    host.files.putSpecial('/dev/pts/0', 'character');
    host.files.put('/dev/pts/ptmx', '');
    host.files.put('/dev/pts/7', 'no terminal');
    const told = (): string => host.files.text('/dev/pts/0');
    await node.open(shutdown, { mode: 2, delaySeconds: 300, message: 'new \u001b[2Jkernel' });
    assert.match(told(), /This machine reboots in 5 minutes\.\r\nnew ·\[2Jkernel\r\n$/);
    await host.clock.advance(241_000);
    assert.match(told(), /reboots in 60 seconds\./);
    assert.equal(host.files.text('/dev/pts/7'), 'no terminal');
    assert.deepEqual(host.power.calls, []);
    await host.clock.advance(60_000);
    assert.deepEqual(host.power.calls, ['reboot']);
  });

  it('is reported while it is pending, and can be called off once', async () => {
    const { host, node } = await startFakeAgent();
    await node.open(shutdown, { mode: 3, delaySeconds: 90, message: 'soon' });
    await host.clock.advance(30_000);
    const { pending } = (await node.open(getPower, {})).messages[0] ?? {};
    assert.deepEqual([pending?.mode, pending?.secondsLeft, pending?.message], [3, 60, 'soon']);
    assert.equal((await node.open(cancelShutdown, {})).messages[0]?.canceled, true);
    assert.equal((await node.open(cancelShutdown, {})).messages[0]?.canceled, false);
    assert.equal((await node.open(getPower, {})).messages[0]?.pending, undefined);
    await host.clock.advance(1_000_000);
    assert.deepEqual(host.power.calls, []);
    assert.equal(host.clock.pendingTimers, 0);
  });
});

describe('Suspend', () => {
  it('answers first, writes the depth and then the state, and reports why the kernel refused', async () => {
    const { host, node } = await startFakeAgent();
    assert.equal((await node.open(suspend, {})).reason, 'SUSPEND_UNSUPPORTED');
    host.files.put('/sys/power/state', 'freeze mem\n');
    host.files.put('/sys/power/mem_sleep', '[s2idle]\n');
    assert.equal((await node.open(suspend, {})).reason, 'SUSPEND_UNSUPPORTED');
    host.files.put('/sys/power/mem_sleep', '[s2idle] deep\n');
    host.files.put('/proc/sys/kernel/bootloader_type', '176\n');
    assert.equal((await node.open(suspend, {})).reason, 'SUSPEND_UNSUPPORTED');
    host.files.put('/proc/sys/kernel/bootloader_type', '114\n');
    assert.equal((await node.open(getPower, {})).messages[0]?.canSuspend, true);
    assert.equal((await node.open(suspend, {})).reason, '');
    assert.equal(host.files.text('/sys/power/state'), 'freeze mem\n');
    await host.clock.advance(100);
    assert.deepEqual(
      ['mem_sleep', 'state'].map((name) => host.files.text(`/sys/power/${name}`)),
      ['deep', 'mem'],
    );
    host.files.put('/sys/power/state', 'mem');
    host.files.put('/sys/power/mem_sleep', 'deep');
    host.files.fail = (call, path) => (call === 'write' && path === '/sys/power/state' ? 'EBUSY' : undefined);
    await node.open(suspend, {});
    await host.clock.advance(100);
    assert.match((await node.open(getPower, {})).messages[0]?.suspendError ?? '', /EBUSY/);
  });
});

describe('hardware on and off line', () => {
  const cpu = '/sys/devices/system/cpu';
  const memory = '/sys/devices/system/memory';

  async function guestWithHardware() {
    const fake = await startFakeAgent();
    const { files } = fake.host;
    files.putFolder(`${cpu}/cpu0`);
    for (const id of [1, 2]) files.put(`${cpu}/cpu${id}/online`, '1\n');
    files.putFolder(`${cpu}/cpufreq`);
    for (const id of [0, 32]) files.put(`${memory}/memory${id}/online`, '1\n');
    files.put(`${memory}/block_size_bytes`, '8000000\n');
    files.put('/proc/meminfo', 'MemTotal: 900000 kB\nMemAvailable:   600000 kB\n');
    return fake;
  }

  it('CPUs are listed, taken off line and put back, and the first one stays', async () => {
    const { host, node } = await guestWithHardware();
    const list = async () =>
      (await node.open(listHardware, { kind: 1 })).messages[0]?.units.map(({ id, online, fixed }) => [
        id,
        online,
        fixed,
      ]);
    assert.deepEqual(await list(), [
      [0, true, true],
      [1, true, false],
      [2, true, false],
    ]);
    const off = await node.open(setHardware, { kind: 1, ids: [2, 2], online: false });
    assert.equal(off.messages[0]?.units[2]?.online, false);
    assert.equal(host.files.text(`${cpu}/cpu2/online`), '0');
    await node.open(setHardware, { kind: 1, ids: [2], online: true });
    assert.equal(host.files.text(`${cpu}/cpu2/online`), '1');
    const first = await node.open(setHardware, { kind: 1, ids: [1, 0], online: false });
    assert.equal(first.reason, 'HARDWARE_REFUSED');
    assert.match(first.answers.end?.message ?? '', /cpu0: it always stays on line\. Before it, cpu1 changed\./);
  });

  it('memory stays on line where it is the last block or the rest has no room, and the kernel’s refusal is named', async () => {
    const { host, node } = await guestWithHardware();
    const off = (ids: number[]) => node.open(setHardware, { kind: 2, ids, online: false });
    assert.equal((await node.open(listHardware, { kind: 2 })).messages[0]?.blockBytes, 128n * 1024n * 1024n);
    host.files.fail = (call, path) => (call === 'write' && path.includes('memory32') ? 'EBUSY' : undefined);
    assert.match((await off([32])).answers.end?.message ?? '', /EBUSY/);
    host.files.fail = undefined;
    host.files.put('/proc/meminfo', 'MemAvailable:   150000 kB\n');
    assert.match((await off([32])).answers.end?.message ?? '', /no room/);
    host.files.put('/proc/meminfo', 'MemAvailable:   600000 kB\n');
    assert.equal((await off([32])).reason, '');
    assert.match((await off([0])).answers.end?.message ?? '', /last one/);
  });

  it('blocks of memory are listed without their size where the kernel says none', async () => {
    const { host, node } = await guestWithHardware();
    for (const text of ['', 'x', '0x8']) {
      host.files.put(`${memory}/block_size_bytes`, text);
      const { messages, reason } = await node.open(listHardware, { kind: 2 });
      assert.deepEqual([messages[0]?.units.length, messages[0]?.blockBytes, reason], [2, undefined, '']);
    }
  });

  it('missing, unknown and too many numbers are refused, and nothing is changed', async () => {
    const { host, node } = await guestWithHardware();
    const refused = async (request: { kind: number; ids: number[] }) =>
      (await node.open(setHardware, { ...request, kind: request.kind as 1, online: false })).reason;
    assert.equal(await refused({ kind: 0, ids: [1] }), 'INVALID_ARGUMENT');
    assert.equal(await refused({ kind: 9, ids: [1] }), 'INVALID_ARGUMENT');
    assert.equal(await refused({ kind: 1, ids: [] }), 'INVALID_ARGUMENT');
    assert.equal(await refused({ kind: 1, ids: Array.from({ length: 257 }, () => 1) }), 'INVALID_ARGUMENT');
    assert.equal(await refused({ kind: 1, ids: [77] }), 'HARDWARE_REFUSED');
    assert.equal(host.files.text(`${cpu}/cpu1/online`), '1\n');
  });
});
