import type { ServiceImpl } from '@connectrpc/connect';
import type { OperationService } from '@innkeeper/contract/control';
import type { NodeOfControl } from './node-of-control.ts';
import { limitOf } from './vm-service.ts';

/** OperationService over a node. */
export function createOperationService({ operations }: NodeOfControl): ServiceImpl<typeof OperationService> {
  return {
    getOperation: (request) => operations.find(request.id),
    listOperations: async (request) => ({ operations: await operations.list(limitOf(request.limit, 50, 500)) }),
    watchOperation: (request, { signal }) => operations.watch(request.id, { signal }),
    cancelOperation: (request) => operations.cancel(request.id),
  };
}
