import type { ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { VmService } from '@innkeeper/contract/control';
import { viewerOf } from '../access/viewer-of.ts';
import { passOf } from '../edge/api-interceptors.ts';
import { limitOf } from '../edge/query.ts';
import { listVms } from '../node/fleet/list-vms.ts';
import { seesVm } from '../node/fleet/sees-vm.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { watchVm, watchVms } from './watch-vms.ts';

const defaultStopTimeoutMs = 30_000;
const maxStopTimeoutMs = 3_600_000;
const maxEvents = 1000;

/** VmService over a node. */
export function createVmService(node: NodeApi): ServiceImpl<typeof VmService> {
  const { vms } = node;
  return {
    listVms: (request, context) => {
      const { entries, total } = listVms(node.fleet, request, viewerOf(passOf(context)));
      return { vms: entries.map((entry) => entry.describe()), total };
    },
    getVm: (request) => vms.find(request.vm).describe(),
    watchVm: (request, { signal }) => watchVm(node, request.vm, signal),
    watchVms: (_request, context) => watchVms(node, viewerOf(passOf(context)), context.signal),
    createVm: (request) => vms.create(request),
    updateVm: (request) => vms.find(request.vm).update(request),
    startVm: (request) => vms.find(request.vm).start(),
    stopVm: (request) => {
      if (request.timeoutMs > maxStopTimeoutMs) {
        throw new OperationError(
          'INVALID_ARGUMENT',
          `timeout_ms is ${request.timeoutMs}; at most ${maxStopTimeoutMs}.`,
        );
      }
      return vms.find(request.vm).stop(request.timeoutMs === 0 ? defaultStopTimeoutMs : request.timeoutMs);
    },
    killVm: (request) => vms.find(request.vm).kill(),
    deleteVm: (request) => vms.find(request.vm).delete(request.force),
    diagnose: (request, { signal }) => vms.find(request.vm).diagnose({ signal }),
    listEvents: async (request, context) => {
      const limit = limitOf(request.limit, 100, maxEvents);
      if (request.vm !== '') return { events: await vms.events(vms.find(request.vm).id, limit) };
      const viewer = viewerOf(passOf(context));
      const events = await vms.events(undefined, viewer.seesEverything ? limit : maxEvents);
      return { events: events.filter(({ vmId }) => seesVm(viewer, node.fleet, vmId)).slice(0, limit) };
    },
  };
}
