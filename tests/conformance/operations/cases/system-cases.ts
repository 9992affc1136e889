import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { SystemServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

/** The guest of these tests is the machine that runs them, so nothing here may change it: `tests/vm` has what works. */
export const systemCases: readonly ConformanceCase[] = [
  {
    title: 'a clock is not set to a time before 1970 or beyond what can be expressed, and the agent goes on',
    needs: ['setting the clock', 'refusals with reasons'],
    run: async ({ client }) => {
      const before = Date.now();
      for (const seconds of [-1n, -9_000_000_000n, -62_135_596_800n])
        await assert.rejects(client.refusedClock(seconds), { reason: 'INVALID_ARGUMENT' });
      await client.ping();
      assert.ok(Math.abs(Date.now() - before) < 60_000);
    },
  },
  {
    title: 'the settings of the guest are what its files say',
    needsNative: 'settings of the guest',
    run: async ({ client }) => {
      const settings = await client.link.call(SystemServiceLite.getSettings, {});
      assert.equal(settings.hostname, hostname());
      assert.ok(settings.machineId === '' || /^[0-9a-f]{32}$/.test(settings.machineId), settings.machineId);
    },
  },
  {
    title: 'settings with malformed, oversized and hostile values are refused, and nothing is changed',
    needsNative: 'settings of the guest',
    run: async ({ client }) => {
      const before = await client.link.call(SystemServiceLite.getSettings, {});
      for (const wrong of [
        { hostname: '' },
        { hostname: 'a b' },
        { hostname: 'x'.repeat(70_000) },
        { hostname: 'a\nb' },
        { timeZone: '../../etc/passwd' },
        { timeZone: 'No/Such/Zone' },
        { timeZone: 'UTC\0' },
        { locale: 'C\nLD_PRELOAD=/tmp/x' },
        { locale: '$(reboot)' },
      ])
        await assert.rejects(client.link.call(SystemServiceLite.changeSettings, { newMachineId: true, ...wrong }), {
          reason: 'INVALID_ARGUMENT',
        });
      assert.deepEqual(await client.link.call(SystemServiceLite.getSettings, {}), before);
    },
  },
];
