import type { RunEvent } from '@innkeeper/contract/control';
import { linkSignals } from '@innkeeper/kit';
import type { ApiContext } from '../api-context.ts';
import { watchVisibleRun } from '../watch-visible-run.ts';

/** RunService.WatchRun for the live socket: the same privilege and the same entry in the audit. */
export async function* watchRunTopic(
  { gate, identified, node, runs }: ApiContext,
  id: string,
  topicSignal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const call = await gate.open({
    identified,
    privilege: 'guest.exec',
    target: 'somewhere',
    command: 'later',
    isChange: false,
    action: 'RunService/WatchRun',
    parameters: { id },
  });
  const both = linkSignals(topicSignal, call.signal);
  try {
    yield* watchVisibleRun(runs, id, { call, fleet: node.fleet, signal: both.signal });
  } catch (error) {
    const why = call.signal.aborted ? call.signal.reason : error;
    await call.close(why);
    throw why;
  } finally {
    both.unlink();
    await call.close();
  }
}
