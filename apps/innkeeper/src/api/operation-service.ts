import type { ServiceImpl } from '@connectrpc/connect';
import type { OperationService } from '@innkeeper/contract/control';
import { viewerOf } from '../access/viewer-of.ts';
import { authorizedCallOf } from '../edge/api-interceptors.ts';
import { otherList, pageSizeOf, readPage, readToken } from '../edge/page.ts';
import { seesVm } from '../node/fleet/sees-vm.ts';
import type { NodeApi, OperationPlace } from '../ports/node-api.ts';

/** OperationService over a node. */
export function createOperationService(node: NodeApi): ServiceImpl<typeof OperationService> {
  const { operations } = node;
  return {
    getOperation: (request) => operations.find(request.id),
    listOperations: async (request, context) => {
      const viewer = viewerOf(authorizedCallOf(context));
      const nodeId = request.node || undefined;
      const { items, nextPageToken } = await readPage(
        { size: pageSizeOf(request, request.limit), after: readToken(request) },
        (after, limit) => operations.list(limit, after === undefined ? undefined : placeOf(after), nodeId),
        {
          keyOf: ({ startedUnixNs, id }) => `${startedUnixNs / 1_000_000n} ${id}`,
          isVisible: ({ vmId }) => seesVm(viewer, node.fleet, vmId),
        },
      );
      return { operations: [...items], nextPageToken };
    },
    watchOperation: (request, { signal }) => operations.watch(request.id, { signal }),
    cancelOperation: (request) => operations.cancel(request.id),
  };
}

function placeOf(token: string): OperationPlace {
  const [, startedMs, id] = /^(\d{1,15}) (.+)$/.exec(token) ?? [];
  if (startedMs === undefined || id === undefined) throw otherList();
  return { startedMs: Number(startedMs), id };
}
