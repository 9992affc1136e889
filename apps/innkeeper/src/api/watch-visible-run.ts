import type { RunEvent } from '@innkeeper/contract/control';
import type { AuthorizedCall } from '../edge/gate.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import type { Fleet } from '../ports/fleet.ts';
import { requireFollow } from './run-access.ts';

/**
 * The current state of a run, its output so far, then changes, until it has ended. Access is checked again
 * whenever the caller's privileges change meanwhile. Fails with RUN_NOT_FOUND, PRIVILEGE_MISSING, COMMAND_NOT_ALLOWED.
 */
export async function* watchVisibleRun(
  runs: RunManager,
  id: string,
  {
    call,
    fleet,
    signal,
  }: { readonly call: Pick<AuthorizedCall, 'caller'>; readonly fleet: Fleet; readonly signal: AbortSignal },
): AsyncGenerator<RunEvent> {
  const run = await runs.get(id);
  let caller = call.caller;
  requireFollow(run, { caller, fleet });
  for await (const event of runs.watch(id, signal)) {
    if (call.caller !== caller) {
      caller = call.caller;
      requireFollow(run, { caller, fleet });
    }
    yield event;
  }
}
