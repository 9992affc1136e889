import { OperationError } from '@innkeeper/contract/errors';
import { withDeadline } from '@innkeeper/kit';
import { hostClock } from '../../node/host-clock.ts';

/** Milliseconds that cleaning up in a guest may take. */
const timeoutMs = 15_000;

/** Best effort, also after the caller has aborted: in time, and its failure is nobody's concern. */
export async function cleanUp(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const late = (): OperationError => new OperationError('AGENT_UNREACHABLE', 'The agent did not answer in time.');
  await withDeadline({ timers: hostClock, timeoutMs, late }, work).catch(() => undefined);
}
