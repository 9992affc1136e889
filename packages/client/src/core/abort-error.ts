import { isOperationError, OperationError } from '@innkeeper/contract/errors';

/** What a call fails with when its signal was aborted: the reason if it is an error of ours, DEADLINE_EXCEEDED for AbortSignal.timeout, else CANCELED. */
export function abortError(signal: AbortSignal): OperationError {
  const cause: unknown = signal.reason;
  if (isOperationError(cause)) return cause;
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new OperationError('DEADLINE_EXCEEDED', 'The time that was allowed is over.', { cause });
  return new OperationError('CANCELED', 'The caller gave up.', { cause });
}
