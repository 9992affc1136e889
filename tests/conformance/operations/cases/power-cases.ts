import assert from 'node:assert/strict';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { HardwareKind, type SetHardwareRequestSchema } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

const needsNative = 'states of power and hardware';

/** The guest is this machine, so nothing here changes its power or hardware. */
export const powerCases: readonly ConformanceCase[] = [
  {
    title: 'the power state has no shutdown that nobody asked for, and calling one off says that there was none',
    needsNative,
    run: async ({ client }) => {
      const state = await client.link.call(PowerServiceLite.getPower, {});
      assert.deepEqual([state.pending, state.suspendError], [undefined, '']);
      assert.equal((await client.link.call(PowerServiceLite.cancelShutdown, {})).canceled, false);
    },
  },
  {
    title: 'CPUs are listed in the order of their numbers',
    needsNative,
    run: async ({ client }) => {
      const { units, blockBytes } = await client.link.call(PowerServiceLite.listHardware, { kind: HardwareKind.CPU });
      assert.deepEqual(
        units.map(({ id }) => id),
        [...units.map(({ id }) => id)].sort((a, b) => a - b),
      );
      assert.ok(units.some(({ online }) => online));
      assert.equal(blockBytes, undefined);
      await client.link.call(PowerServiceLite.listHardware, { kind: HardwareKind.MEMORY });
    },
  },
  {
    title: 'a shutdown with an oversized message, and hardware with missing, malformed or fixed numbers, are refused',
    needsNative,
    run: async ({ client }) => {
      await assert.rejects(client.link.call(PowerServiceLite.shutdown, { mode: 1, message: 'x'.repeat(1025) }), {
        reason: 'INVALID_ARGUMENT',
      });
      await assert.rejects(client.link.call(PowerServiceLite.listHardware, {}), { reason: 'INVALID_ARGUMENT' });
      const refusals: [MessageInitShape<typeof SetHardwareRequestSchema>, string][] = [
        [{}, 'INVALID_ARGUMENT'],
        [{ kind: 99 as HardwareKind, ids: [1] }, 'INVALID_ARGUMENT'],
        [{ kind: HardwareKind.CPU }, 'INVALID_ARGUMENT'],
        [{ kind: HardwareKind.CPU, ids: Array.from({ length: 257 }, () => 999_999) }, 'INVALID_ARGUMENT'],
        [{ kind: HardwareKind.CPU, ids: [999_999] }, 'HARDWARE_REFUSED'],
        [{ kind: HardwareKind.CPU, ids: [0] }, 'HARDWARE_REFUSED'],
        [{ kind: HardwareKind.MEMORY, ids: [4_294_967_295], online: true }, 'HARDWARE_REFUSED'],
      ];
      for (const [request, reason] of refusals)
        await assert.rejects(client.link.call(PowerServiceLite.setHardware, request), { reason });
    },
  },
];
