import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

function memory(name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(kib) * 1024;
}

export const sessionCases: readonly ConformanceCase[] = [
  {
    title: 'the agent reports its version when a session opens, and the same in response to a ping',
    run: async ({ client }) => {
      const { agentVersion } = await client.hello();
      assert.match(agentVersion, /^\d+\.\d+\.\d+/);
      assert.equal((await client.ping()).agentVersion, agentVersion);
    },
  },
  {
    title: 'the agent reports its boot id, its instance and its capabilities',
    notInAgentMessage: 'has no boot id, no instance and no capabilities of streams',
    run: async ({ client }) => {
      await client.ping();
      assert.ok(client.link.state.state === 'connected');
      const { welcome } = client.link.state;
      assert.equal(welcome.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
      assert.notEqual(welcome.agentInstance, '');
      for (const name of ['exec', 'exec.pty', 'exec.resume', 'file.read', 'file.write', 'file.resume', 'telemetry'])
        assert.ok(welcome.capabilities.includes(name), name);
    },
  },
  {
    title: 'telemetry matches the kernel’s figures',
    run: async ({ client }) => {
      const report = await client.telemetry();
      assert.equal(report.memoryTotalBytes, memory('MemTotal'));
      const available = memory('MemAvailable');
      assert.ok(Math.abs(report.memoryAvailableBytes - available) < 0.2 * available, `${report.memoryAvailableBytes}`);
      assert.ok(report.processCount >= 2, `${report.processCount}`);
      const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      assert.ok(Math.abs(report.uptimeSeconds - uptime) <= 10, `${report.uptimeSeconds} and ${uptime}`);
      assert.ok(report.interfaces.includes('lo'));
      assert.ok(report.mountPoints.includes('/'), `${report.mountPoints}`);
    },
  },
  {
    title: 'AdjustClock without a step returns the guest’s wall clock and does not move it',
    notInAgentMessage: 'has only sync_time, which would move the clock of this machine',
    run: async ({ client }) => {
      const before = BigInt(Date.now()) * 1_000_000n;
      const { wallTimeUnixNs } = await client.link.call(TelemetryServiceLite.adjustClock, { stepNs: 0n });
      const after = BigInt(Date.now() + 1) * 1_000_000n;
      assert.ok(before <= wallTimeUnixNs && wallTimeUnixNs <= after, `${before} ${wallTimeUnixNs} ${after}`);
    },
  },
  {
    title: 'an invalid shutdown is refused, and nothing happens',
    run: async ({ client }) => {
      for (const mode of ['none', 'out of range', 'too late'] as const)
        await assert.rejects(client.refusedShutdown({ mode }), { reason: 'INVALID_ARGUMENT' }, mode);
      await client.ping();
    },
  },
];
