import type { RunEvent } from '@innkeeper/contract/control';
import { linkSignals } from '@innkeeper/kit';
import type { Exchange } from '../exchange.ts';
import { watchVisibleRun } from '../watch-visible-run.ts';

/** RunService.WatchRun for the live socket: the same privilege and the same entry in the audit. */
export async function* watchRunTopic(
  { gate, visitor, node, runs }: Exchange,
  id: string,
  topicSignal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const pass = await gate.open({
    visitor,
    privilege: 'guest.exec',
    target: 'somewhere',
    command: 'later',
    isChange: false,
    action: 'RunService/WatchRun',
    parameters: { id },
  });
  const both = linkSignals(topicSignal, pass.signal);
  try {
    yield* watchVisibleRun(runs, id, { pass, fleet: node.fleet, signal: both.signal });
  } catch (error) {
    const why = pass.signal.aborted ? pass.signal.reason : error;
    await pass.close(why);
    throw why;
  } finally {
    both.unlink();
    await pass.close();
  }
}
