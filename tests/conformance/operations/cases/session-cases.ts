import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ConformanceCase } from '../conformance-case.ts';

function memory(name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(kib) * 1024;
}

export const sessionCases: readonly ConformanceCase[] = [
  {
    title: 'the agent reports its version when a session opens, and the same in response to a ping',
    needs: ['a first message', 'versions'],
    run: async ({ client }) => {
      const { agentVersion } = await client.hello();
      assert.match(agentVersion, /^\d+\.\d+\.\d+/);
      assert.equal((await client.ping()).agentVersion, agentVersion);
    },
  },
  {
    title: 'the agent reports its boot id, its instance and its capabilities',
    needsNative: 'identity of a boot',
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
    needs: ['figures', 'mounts and interfaces'],
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
    title: 'the guest’s wall clock is read without moving it',
    needs: ['reading the clock'],
    run: async ({ client }) => {
      const before = Date.now();
      const { unixMs, resolutionMs } = await client.clock();
      const after = Date.now() + 1;
      assert.ok(before - resolutionMs <= unixMs && unixMs <= after, `${before} ${unixMs} ${after}`);
    },
  },
  {
    title: 'the agent answers with its version',
    needs: ['versions'],
    run: async ({ client }) => {
      assert.match((await client.ping()).agentVersion, /^\d+\.\d+\.\d+/);
    },
  },
  {
    title: 'the memory, the uptime and the load are the kernel’s',
    needs: ['figures'],
    run: async ({ client }) => {
      const figures = await client.figures();
      // The coarsest dialect counts in MiB.
      assert.equal(Math.floor(figures.memoryTotalBytes / 2 ** 20), Math.floor(memory('MemTotal') / 2 ** 20));
      const used = memory('MemTotal') - memory('MemAvailable');
      assert.ok(Math.abs(figures.memoryUsedBytes - used) < 0.2 * memory('MemTotal'), `${figures.memoryUsedBytes}`);
      const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      assert.ok(Math.abs(figures.uptimeSeconds - uptime) <= 10, `${figures.uptimeSeconds} and ${uptime}`);
      const load = Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
      assert.ok(Math.abs(figures.loadOneMinute - load) < 2 + load / 2, `${figures.loadOneMinute} and ${load}`);
      const percent = figures.cpuBusyPercent;
      assert.ok(percent === undefined || (percent >= 0 && percent <= 100), `${percent}`);
    },
  },
  {
    title: 'an invalid shutdown is refused, and nothing happens',
    needs: ['shutdowns', 'refusals with reasons'],
    run: async ({ client }) => {
      for (const mode of ['none', 'out of range', 'too late'] as const)
        await assert.rejects(client.refusedShutdown({ mode }), { reason: 'INVALID_ARGUMENT' }, mode);
      await client.ping();
    },
  },
];
