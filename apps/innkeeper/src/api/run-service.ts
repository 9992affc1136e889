import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { RunService } from '@innkeeper/contract/control';
import { newId } from '../access/secrets.ts';
import { authorizedCallOf } from '../edge/api-interceptors.ts';
import { ownId } from '../edge/own-id.ts';
import { pageSizeOf, tokenNumber } from '../edge/page.ts';
import { optionalTimeMs } from '../edge/query.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import { maxRunIdChars } from '../node/runs/run-spec.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { listVisibleRuns } from './list-visible-runs.ts';
import { type RunViewer, requireFollow, runNotFound, visibleRun } from './run-access.ts';
import { runTargets } from './run-targets.ts';
import { watchVisibleRun } from './watch-visible-run.ts';

/** Maximum VMs of a run that the audit names. */
const maxNamedVms = 64;

/** RunService: in addition to the gate, checks the caller's privilege on each VM of a run. */
export function createRunService(node: NodeApi, runs: RunManager): ServiceImpl<typeof RunService> {
  const viewerOf = (context: HandlerContext): RunViewer => ({
    caller: authorizedCallOf(context).caller,
    fleet: node.fleet,
  });
  return {
    startRun: async ({ spec, id, ...where }, context) => {
      const call = authorizedCallOf(context);
      const { caller } = call;
      if (spec === undefined) throw new OperationError('INVALID_ARGUMENT', 'The field "spec" is missing.');
      const vms = runTargets(node, caller, where);
      const isHeld = caller.allowedCommands.length > 0;
      const runId = isHeld ? ownId(caller, id === '' ? newId() : id, maxRunIdChars) : id;
      const run = await runs.run({ id: runId, user: caller.name, spec, vms });
      const names = vms.slice(0, maxNamedVms).map(({ name }) => name);
      call.note({ run: run.id, targets: names, target_count: vms.length });
      return run;
    },
    getRun: async ({ id }, context) => {
      const run = visibleRun(await runs.get(id), viewerOf(context));
      if (run === undefined) throw runNotFound(id);
      return run;
    },
    listRuns: async (request, context) => {
      const limit = pageSizeOf(request, request.limit);
      const beforeMs = tokenNumber(request) ?? optionalTimeMs(request.beforeUnixNs, 'before_unix_ns');
      const vmId = request.vm === '' ? undefined : node.vms.find(request.vm).id;
      const nodeId = request.node || undefined;
      return await listVisibleRuns(runs, viewerOf(context), { ...request, limit, vmId, nodeId, beforeMs });
    },
    watchRun: ({ id }, context) =>
      watchVisibleRun(runs, id, { call: authorizedCallOf(context), fleet: node.fleet, signal: context.signal }),
    cancelRun: async ({ id }, context) => {
      requireFollow(await runs.get(id), viewerOf(context));
      return await runs.cancel(id);
    },
  };
}
