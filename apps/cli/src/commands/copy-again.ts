import { isOperationError } from '@innkeeper/contract/errors';
import { pause, timersOf } from '@innkeeper/kit';

/** The guest was reset, or the daemon or node restarted, in the middle of a copy. */
const losses: ReadonlySet<string> = new Set([
  'AGENT_UNREACHABLE',
  'AGENT_RESTARTED',
  'DAEMON_UNREACHABLE',
  'NODE_UNREACHABLE',
]);
/** For a guest to boot. */
const maxWaitMs = 120_000;
const waitMs = 1000;
/** A guest that is reset by the copy itself must not be reset for ever. */
const maxAttempts = 5;
const timers = timersOf(globalThis);

/**
 * Repeats a copy from its beginning when it was interrupted in the middle, as soon as the guest is back. Only a copy that
 * had begun is repeated.
 * @param work is called with a function to be called when something was copied
 */
export async function copyAgain(
  work: (onMoved: () => void) => Promise<void>,
  { signal, onAgain }: { readonly signal: AbortSignal; readonly onAgain: () => void },
): Promise<void> {
  let lostMs: number | undefined;
  for (let attempt = 1; ; ) {
    let hasMoved = false;
    try {
      await work(() => {
        hasMoved = true;
      });
      return;
    } catch (error) {
      if (signal.aborted || !isOperationError(error) || !losses.has(error.reason)) throw error;
      if (hasMoved) {
        lostMs = performance.now();
        attempt++;
      }
      if (lostMs === undefined || attempt > maxAttempts || performance.now() - lostMs > maxWaitMs) throw error;
      await pause(timers, waitMs, signal);
      if (signal.aborted) throw error;
      onAgain();
    }
  }
}
