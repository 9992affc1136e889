import type { ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { HistoryService } from '@innkeeper/contract/control';
import { optionalTimeMs } from '../edge/query.ts';
import type { History } from '../node/history/history.ts';
import type { NodeApi } from '../ports/node-api.ts';

const maxPoints = 2000;
const defaultPoints = 300;
const nsPerMs = 1_000_000n;

/** HistoryService over the history that the daemon keeps. */
export function createHistoryService(
  node: NodeApi,
  history: History,
  now: () => number = Date.now,
): ServiceImpl<typeof HistoryService> {
  return {
    async queryHistory(request) {
      const vm = node.vms.find(request.vm);
      // Nothing is measured later than now; the resolution follows from what there can be.
      const toMs = Math.min(optionalTimeMs(request.toUnixNs, 'to_unix_ns') ?? now(), now());
      const fromMs = optionalTimeMs(request.fromUnixNs, 'from_unix_ns') ?? 0;
      if (fromMs >= toMs)
        throw new OperationError('INVALID_ARGUMENT', 'from_unix_ns must be before to_unix_ns, and before now.');
      if (request.maxPoints > maxPoints)
        throw new OperationError('INVALID_ARGUMENT', `max_points must be at most ${maxPoints}.`);
      const { plan, series } = await history.query(vm.id, {
        fromMs,
        toMs,
        metrics: request.metrics,
        maxPoints: request.maxPoints === 0 ? defaultPoints : request.maxPoints,
      });
      return {
        startUnixNs: BigInt(plan.startMs) * nsPerMs,
        stepNs: BigInt(plan.stepMs) * nsPerMs,
        series,
      };
    },
  };
}
