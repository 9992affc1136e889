import { isOperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';

/** The calls that keep a freeze. */
export interface FreezeCalls {
  renew(): Promise<unknown>;
  thaw(): Promise<unknown>;
}

/** A lease is renewed this often before it ends. */
const renewalsPerLease = 4;
/** Milliseconds between two attempts to thaw while the daemon or the agent cannot be reached. */
const retryMs = 500;

/**
 * Runs `work` during a freeze that has begun, renews its lease, and thaws whatever happens. The signal of `work` is
 * aborted with FREEZE_ENDED when the lease is lost.
 */
export async function holdFreeze<T>(
  calls: FreezeCalls,
  { leaseMs, signal }: { readonly leaseMs: number; readonly signal: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = linkSignals(signal);
  const stopRenewing = keepRenewing(calls, leaseMs / renewalsPerLease, (error) => linked.abort(error));
  let outcome: { readonly value: T } | { readonly error: unknown };
  try {
    outcome = { value: await work(linked.signal) };
  } catch (error) {
    outcome = { error };
  }
  stopRenewing();
  linked.unlink();
  try {
    await thawWithin(calls, leaseMs);
  } catch (error) {
    // That the copy may be torn matters more than any other end.
    if ('value' in outcome || (isOperationError(error) && error.reason === 'FREEZE_ENDED')) throw error;
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Other errors than FREEZE_ENDED may pass before the lease ends. */
function keepRenewing(calls: FreezeCalls, everyMs: number, onLost: (error: unknown) => void): () => void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    calls
      .renew()
      .catch((error: unknown) => {
        if (isOperationError(error) && error.reason === 'FREEZE_ENDED') onLost(error);
      })
      .finally(() => {
        isRunning = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}

/** Tries until the lease would have ended anyway. */
async function thawWithin(calls: FreezeCalls, leaseMs: number): Promise<void> {
  const until = performance.now() + leaseMs;
  for (;;) {
    try {
      await calls.thaw();
      return;
    } catch (error) {
      const isOver = !isOperationError(error) || error.code !== 'unavailable' || performance.now() > until;
      if (isOver) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}
