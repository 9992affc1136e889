import type { ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { VmService } from '@innkeeper/contract/control';
import { authorizeTags } from '../access/authorize-tags.ts';
import type { LiveCallers } from '../access/live-callers.ts';
import { viewerOf } from '../access/viewer-of.ts';
import { authorizedCallOf } from '../edge/api-interceptors.ts';
import { pageSizeOf, readPage, tokenNumber, writeToken } from '../edge/page.ts';
import { listVms } from '../node/fleet/list-vms.ts';
import { seesVm } from '../node/fleet/sees-vm.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { watchVm, watchVms } from './watch-vms.ts';

const defaultStopTimeoutMs = 30_000;
const maxStopTimeoutMs = 3_600_000;

/** VmService over a node. `live` are the calls that are open. */
export function createVmService(node: NodeApi, live: Pick<LiveCallers, 'recheck'>): ServiceImpl<typeof VmService> {
  const { vms } = node;
  return {
    listVms: (request, context) => {
      const pageSize = pageSizeOf(request);
      const offset = request.offset + (tokenNumber(request) ?? 0);
      const { entries, total } = listVms(
        node.fleet,
        { ...request, pageSize, offset },
        viewerOf(authorizedCallOf(context)),
      );
      const end = offset + entries.length;
      const nextPageToken = end < total && entries.length > 0 ? writeToken(String(end - request.offset)) : '';
      return { vms: entries.map((entry) => entry.describe()), total, nextPageToken };
    },
    getVm: (request) => vms.find(request.vm).describe(),
    watchVm: (request, { signal }) => watchVm(node, request.vm, signal),
    watchVms: (_request, context) => watchVms(node, viewerOf(authorizedCallOf(context)), context.signal),
    createVm: (request) => vms.create(request),
    updateVm: async (request, context) => {
      const vm = vms.find(request.vm);
      authorizeTags(authorizedCallOf(context).caller, vm.tags, request);
      const updated = await vm.update(request);
      // Streams that were open by a role on a tag end with it.
      if (Object.keys(request.tags).length > 0 || request.removeTags.length > 0) await live.recheck();
      return updated;
    },
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
    syncClock: (request, { signal }) => vms.find(request.vm).syncClock(request.setUnixNs, { signal }),
    updateAgent: (request) => vms.find(request.vm).updateAgent(request),
    installAgent: (request) => vms.find(request.vm).installAgent(),
    getAgentInstaller: (request) => vms.find(request.vm).agentInstaller(request.architecture),
    wakeVm: (request, { signal }) => vms.find(request.vm).wake({ signal }),
    listEvents: async (request, context) => {
      const size = pageSizeOf(request, request.limit);
      const vmId = request.vm === '' ? undefined : vms.find(request.vm).id;
      const viewer = viewerOf(authorizedCallOf(context));
      const nodeId = request.node || undefined;
      const { items, nextPageToken } = await readPage(
        { size, after: tokenNumber(request)?.toString() },
        (after, limit) => vms.events(vmId, limit, after === undefined ? undefined : Number(after), nodeId),
        {
          keyOf: ({ id }) => String(id),
          isVisible: (event) => vmId !== undefined || seesVm(viewer, node.fleet, event.vmId),
        },
      );
      return { events: [...items], nextPageToken };
    },
  };
}
