import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.ts';

const needsNative = 'leases and trimming';

/**
 * Freezing and trimming. Nothing is ever frozen here: the guest of these tests is the machine that runs them, so every
 * case names what cannot be frozen.
 */
export const filesystemCases: readonly ConformanceCase[] = [
  {
    title: 'a freeze with malformed, oversized and hostile arguments is refused, and nothing is frozen',
    needs: ['freezing'],
    run: async ({ client }) => {
      const long = `/${'x'.repeat(5000)}`;
      for (const [mountPoints, reason] of [
        [['/no/such/mount'], 'MOUNT_NOT_FOUND'],
        [['relative'], 'INVALID_PATH'],
        [['/a/../b'], 'INVALID_PATH'],
        [['/a\0b'], 'INVALID_PATH'],
        [[long], 'INVALID_PATH'],
        [Array<string>(1025).fill('/no/such/mount'), 'INVALID_ARGUMENT'],
        [Array<string>(20_000).fill('/no/such/mount'), 'INVALID_ARGUMENT'],
      ] as const)
        await assert.rejects(client.refusedFreeze({ mountPoints: [...mountPoints] }), { reason });
      await assert.rejects(client.refusedFreeze({ mountPoints: ['/no/such/mount'], leaseMs: 999_000_000 }), {
        reason: 'INVALID_ARGUMENT',
      });
      await client.ping();
    },
  },
  {
    title: 'a thaw without a freeze is refused, with and without an id',
    needs: ['freezing'],
    run: async ({ client }) => {
      await assert.rejects(client.refusedThaw(''), { reason: 'NOT_FROZEN' });
      await assert.rejects(client.refusedThaw('never-seen'), { reason: 'FREEZE_ENDED' });
      for (const id of ['a/b', 'x'.repeat(65), '../x', 'a b'])
        await assert.rejects(client.refusedThaw(id), { reason: 'INVALID_ARGUMENT' });
    },
  },
  {
    title: 'a renewal, a trim and a freeze with a wrong id, lease or hook time are refused',
    needsNative,
    run: async ({ client }) => {
      for (const [request, reason] of [
        [{ id: '' }, 'INVALID_ARGUMENT'],
        [{ id: 'x'.repeat(65) }, 'INVALID_ARGUMENT'],
        [{ id: 'a', leaseMs: 1 }, 'INVALID_ARGUMENT'],
        [{ id: 'a', hookTimeoutMs: 300_001 }, 'INVALID_ARGUMENT'],
      ] as const)
        await assert.rejects(client.freezeWith({ mountPoints: ['/no/such/mount'], ...request }), { reason });
      await assert.rejects(client.renewWith({ id: 'a', leaseMs: 0 }), { reason: 'FREEZE_ENDED' });
      await assert.rejects(client.renewWith({ id: 'a', leaseMs: 1 }), { reason: 'INVALID_ARGUMENT' });
      await assert.rejects(client.trimWith({ mountPoints: ['/no/such/mount'] }), { reason: 'MOUNT_NOT_FOUND' });
      await assert.rejects(client.trimWith({ mountPoints: ['x'] }), { reason: 'INVALID_PATH' });
      await assert.rejects(client.trimWith({ minimumBytes: 1n << 63n }), { reason: 'INVALID_ARGUMENT' });
      assert.equal(await client.freezePhase(), 0);
    },
  },
];
