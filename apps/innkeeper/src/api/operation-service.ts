import type { ServiceImpl } from '@connectrpc/connect';
import type { OperationService } from '@innkeeper/contract/control';
import { viewerOf } from '../access/viewer-of.ts';
import { passOf } from '../edge/api-interceptors.ts';
import { limitOf } from '../edge/query.ts';
import { seesVm } from '../node/fleet/sees-vm.ts';
import type { NodeApi } from '../ports/node-api.ts';

const maxOperations = 500;

/** OperationService over a node. */
export function createOperationService(node: NodeApi): ServiceImpl<typeof OperationService> {
  const { operations } = node;
  return {
    getOperation: (request) => operations.find(request.id),
    listOperations: async (request, context) => {
      const limit = limitOf(request.limit, 50, maxOperations);
      const viewer = viewerOf(passOf(context));
      const all = await operations.list(viewer.seesEverything ? limit : maxOperations);
      return { operations: all.filter(({ vmId }) => seesVm(viewer, node.fleet, vmId)).slice(0, limit) };
    },
    watchOperation: (request, { signal }) => operations.watch(request.id, { signal }),
    cancelOperation: (request) => operations.cancel(request.id),
  };
}
