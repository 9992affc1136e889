import { isOperationError, OperationError } from '@innkeeper/contract/errors';

/**
 * The error of a call whose signal was aborted: the abort reason if that is an OperationError, DEADLINE_EXCEEDED for
 * AbortSignal.timeout, otherwise CANCELED.
 */
export function abortError(signal: AbortSignal): OperationError {
  const cause: unknown = signal.reason;
  if (isOperationError(cause)) return cause;
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new OperationError('DEADLINE_EXCEEDED', 'The call timed out.', { cause });
  return new OperationError('CANCELED', 'The caller cancelled the call.', { cause });
}
