import { OperationError } from '@innkeeper/contract';

/**
 * Runs `work` with a signal that fires at the caller's abort, and after `ms` of the host's clock with
 * DEADLINE_EXCEEDED: timeouts that an agent promises to enforce are not relied on.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new OperationError('DEADLINE_EXCEEDED', `The guest did not answer within ${ms / 1000} s.`)),
    ms,
  );
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}
