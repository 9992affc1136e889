import { Code, ConnectError } from '@connectrpc/connect';
import { isOperationError, isReasonName, OperationError, type ReasonName } from '@innkeeper/contract/errors';

/** Connect's codes that have a reason of their own when the server names none. */
const reasonOfCode: Readonly<Partial<Record<Code, ReasonName>>> = {
  [Code.Canceled]: 'CANCELED',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
  [Code.Unimplemented]: 'UNKNOWN_METHOD',
  [Code.Unavailable]: 'DAEMON_UNREACHABLE',
};

/** Whatever a call threw, as OperationError. What the network did is DAEMON_UNREACHABLE. */
export function toOperationError(error: unknown): OperationError {
  if (isOperationError(error)) return error;
  if (error instanceof DOMException && error.name === 'AbortError')
    return new OperationError('CANCELED', 'It was cancelled.', { cause: error });
  if (error instanceof TypeError) return unreachable(error);
  if (!(error instanceof ConnectError))
    return new OperationError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
  // fetch tells a broken connection as TypeError, which Connect wraps.
  if (error.cause instanceof TypeError) return unreachable(error);
  const reason = error.metadata.get('x-innkeeper-reason') ?? '';
  const nextStep = error.metadata.get('x-innkeeper-next-step');
  if (isReasonName(reason))
    return new OperationError(reason, error.rawMessage, {
      cause: error,
      nextStep: nextStep === null ? undefined : decodeURIComponent(nextStep),
    });
  return new OperationError(reasonOfCode[error.code] ?? 'INTERNAL', error.rawMessage, { cause: error });
}

function unreachable(cause: Error): OperationError {
  return new OperationError('DAEMON_UNREACHABLE', 'The daemon does not answer.', {
    cause,
    nextStep: 'Look whether it runs; this page goes on by itself when it does.',
  });
}
