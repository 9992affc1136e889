import { ConnectError } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { fromConnectError } from '../core/errors.ts';

/** Whatever a call threw, as OperationError. What the network did is DAEMON_UNREACHABLE. */
export function toOperationError(error: unknown): OperationError {
  if (isOperationError(error)) return error;
  if (error instanceof DOMException && error.name === 'AbortError')
    return new OperationError('CANCELED', 'It was cancelled.', { cause: error });
  // fetch reports a broken connection as TypeError, which Connect wraps.
  if (error instanceof TypeError || (error instanceof ConnectError && error.cause instanceof TypeError))
    return unreachable(error);
  if (error instanceof ConnectError) return fromConnectError(error);
  return new OperationError('INTERNAL', errorMessage(error), { cause: error });
}

function unreachable(cause: Error): OperationError {
  return new OperationError('DAEMON_UNREACHABLE', 'The daemon does not answer.', {
    cause,
    nextStep: 'Look whether it runs; this page goes on by itself when it does.',
  });
}
