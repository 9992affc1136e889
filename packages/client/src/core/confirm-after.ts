import { isOperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';

/** The two ends of a change. */
export interface ChangeCalls {
  confirm(): Promise<unknown>;
  rollBack(): Promise<unknown>;
}

/** Milliseconds between two attempts while the daemon or the agent cannot be reached. */
const retryMs = 500;

/**
 * Runs `work`, and confirms when it resolves, rolls back when it rejects or the signal is aborted. Rejects with the error
 * of `work`, or with NETWORK_ENDED if the guest had rolled back before the confirmation.
 */
export async function confirmAfter<T>(
  calls: ChangeCalls,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  const linked = linkSignals(signal);
  let value: T;
  try {
    value = await work(linked.signal);
    linked.signal.throwIfAborted();
  } catch (error) {
    // If this fails, the guest rolls back by itself.
    await retry(() => calls.rollBack(), untilMs).catch(() => undefined);
    throw error;
  } finally {
    linked.unlink();
  }
  await retry(() => calls.confirm(), untilMs);
  return value;
}

/** Tries until the guest would have rolled back. */
async function retry(call: () => Promise<unknown>, untilMs: number): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!isOperationError(error) || error.code !== 'unavailable' || performance.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}
