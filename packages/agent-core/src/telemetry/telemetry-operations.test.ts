import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { watch, getSystem, ping, adjustClock } = TelemetryServiceLite;

describe('telemetry', () => {
  it('a single telemetry report comes at once with a CPU share', async () => {
    const { host, node } = await startFakeAgent();
    const call = await node.open(watch, { once: true });
    await host.clock.advance(300);
    assert.equal(call.reason, '');
    assert.equal(call.messages.length, 1);
    const share = call.messages[0]?.cpu?.busyPercent ?? Number.NaN;
    assert.ok(Math.abs(share - 25) < 3, `${share}`);
  });

  it('telemetry comes every interval, and sooner after a change of address or mount', async () => {
    const { host, node } = await startFakeAgent();
    const call = await node.open(watch, { intervalMs: 10_000 });
    assert.equal(call.messages.length, 1);
    await host.clock.advance(9_000);
    assert.equal(call.messages.length, 1);
    await host.clock.advance(2_000);
    assert.equal(call.messages.length, 2);
    host.network.change();
    host.network.change();
    await host.clock.advance(500);
    assert.equal(call.messages.length, 3);
    host.files.changeMounts();
    await host.clock.advance(500);
    assert.equal(call.messages.length, 4);
  });

  it('a file of /proc with empty lines leaves its values out, and telemetry goes on', async () => {
    const { host, node } = await startFakeAgent();
    for (const path of ['/proc/uptime', '/proc/loadavg', '/proc/stat', '/proc/meminfo', '/proc/self/stat'])
      host.files.put(path, '\n\n\n');
    const call = await node.open(watch, { once: true });
    await host.clock.advance(300);
    assert.deepEqual([call.reason, call.messages.length], ['', 1]);
    assert.equal(call.messages[0]?.uptimeSeconds, undefined);
  });

  it('telemetry watches nothing without subscribers', async () => {
    const { host, node } = await startFakeAgent();
    const timers = host.clock.pendingTimers;
    const call = await node.open(watch, {});
    assert.ok(host.network.watcherCount > 0);
    await call.cancel();
    assert.equal(host.network.watcherCount, 0);
    assert.equal(host.clock.pendingTimers, timers);
  });

  it('telemetry refuses intervals that are too short or too long', async () => {
    const { node } = await startFakeAgent();
    for (const intervalMs of [1, 249, 3_600_001])
      assert.equal((await node.open(watch, { intervalMs })).reason, 'INVALID_ARGUMENT');
  });

  it('telemetry leaves out values that a small or old kernel lacks', async () => {
    const host = new FakeHost();
    for (const path of ['/proc/pressure', '/proc/meminfo', '/proc/loadavg', '/proc/uptime', '/proc/stat'])
      host.files.remove(path);
    const { node } = await startFakeAgent(host);
    const [report] = (await node.open(watch, {})).messages;
    assert.ok(report);
    const { cpu, load, cpuPressure, uptimeSeconds, memory } = report;
    assert.deepEqual([cpu, load, cpuPressure, uptimeSeconds], [undefined, undefined, undefined, undefined]);
    assert.deepEqual([memory?.totalBytes, memory?.usedBytes], [undefined, undefined]);
    assert.equal(report.mounts.length, 1);
  });

  it('telemetry has no CPU share while the counters decrease, and one again afterwards', async () => {
    const host = new FakeHost();
    let user = 1000;
    host.files.put('/proc/stat', () => `cpu  ${user} 0 0 ${user} 0 0 0 0 0 0\ncpu0 0 0 0 0\n`);
    const { node } = await startFakeAgent(host);
    const call = await node.open(watch, { intervalMs: 1000 });
    for (const next of [2000, 100, 200]) {
      user = next;
      await host.clock.advance(1000);
    }
    assert.deepEqual(
      call.messages.map(({ cpu }) => cpu?.busyPercent),
      [undefined, 50, undefined, 50],
    );
  });
});

describe('GetSystem', () => {
  it('GetSystem describes the guest, with what it cannot do and why', async () => {
    const host = new FakeHost();
    host.files.remove('/proc/pressure');
    const { node } = await startFakeAgent(host);
    const [system] = (await node.open(getSystem, {})).messages;
    assert.deepEqual(
      [system?.hostname, system?.osPrettyName, system?.kernelRelease, system?.cpuCount],
      ['fake', 'Fake Linux 1', '6.12.0', 2],
    );
    assert.ok(system?.missingCapabilities.some(({ name, reason }) => name === 'telemetry.pressure' && reason !== ''));
  });
});

describe('Ping', () => {
  it('Ping returns its sequence number', async () => {
    const { host, node } = await startFakeAgent();
    await host.clock.advance(3500);
    const [answer] = (await node.open(ping, { sequence: 77n })).messages;
    assert.deepEqual([answer?.sequence, answer?.agentUptimeSeconds], [77n, 3n]);
  });
});

describe('AdjustClock', () => {
  it('AdjustClock moves the guest’s wall clock by its step and returns it; 0 only reads it', async () => {
    const { host, node } = await startFakeAgent();
    const before = host.clock.wallTimeNs();
    const read = async (stepNs: bigint) => (await node.open(adjustClock, { stepNs })).messages[0]?.wallTimeUnixNs;
    assert.equal(await read(0n), before);
    assert.equal(await read(-60_000_000_000n), before - 60_000_000_000n);
    assert.equal(host.clock.wallTimeNs(), before - 60_000_000_000n);
  });

  it('AdjustClock refuses a step to before 1970 or after 2116, and the clock stays', async () => {
    const { host, node } = await startFakeAgent();
    const before = host.clock.wallTimeNs();
    for (const stepNs of [-before - 1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)])
      assert.match(
        (await node.open(adjustClock, { stepNs })).answers.end?.message ?? '',
        /from 1970 to 2116/,
        `${stepNs}`,
      );
    assert.equal(host.clock.wallTimeNs(), before);
  });
});
