import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.ts';

/** The guest of these tests is the machine that runs them, so nothing here may change it: `tests/vm` has what works. */
export const systemCases: readonly ConformanceCase[] = [
  {
    title: 'a clock is not set to a time before 1970 or beyond what can be expressed, and the agent goes on',
    run: async ({ client }) => {
      const before = Date.now();
      for (const seconds of [-1n, -9_000_000_000n, -62_135_596_800n])
        await assert.rejects(client.refusedClock(seconds), { reason: 'INVALID_ARGUMENT' });
      await client.ping();
      assert.ok(Math.abs(Date.now() - before) < 60_000);
    },
  },
];
