import { ConnectError } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { fromConnectError } from '../core/errors.ts';

/** Converts anything a call threw to an OperationError; network errors become DAEMON_UNREACHABLE. */
export function toOperationError(error: unknown): OperationError {
  if (isOperationError(error)) return error;
  if (error instanceof DOMException && error.name === 'AbortError')
    return new OperationError('CANCELED', 'The request was cancelled.', { cause: error });
  // fetch reports a broken connection as TypeError, which Connect wraps.
  if (error instanceof TypeError || (error instanceof ConnectError && error.cause instanceof TypeError))
    return unreachable(error);
  if (error instanceof ConnectError) return fromConnectError(error);
  return new OperationError('INTERNAL', errorMessage(error), { cause: error });
}

function unreachable(cause: Error): OperationError {
  return new OperationError('DAEMON_UNREACHABLE', 'The daemon does not answer.', {
    cause,
    nextStep: 'Check that the daemon is running; this page reconnects automatically.',
  });
}
