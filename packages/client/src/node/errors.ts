import { ConnectError } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract/errors';
import { abortError } from '../core/abort-error.ts';
import { fromConnectError } from '../core/errors.ts';

/** What is named where it does not answer. */
interface Named {
  readonly name: string;
}

/** Node's codes for "nobody listens there", or that the socket is another user's. */
const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EACCES']);

/** Whether an error, or what caused it, says that the daemon is not there. */
export function isUnreachable(error: unknown): boolean {
  return hasCode(error, unreachable);
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && codes.has(String(each.code))) return true;
  return false;
}

/** What is thrown when no daemon answers on its socket. */
export function unreachableError(server: Named, cause: unknown): OperationError {
  if (hasCode(cause, new Set(['EACCES'])))
    return new OperationError('DAEMON_UNREACHABLE', `${server.name} belongs to another user.`, {
      cause,
      nextStep: 'Use it as that user or as root, or log in with "inn login URL".',
    });
  return new OperationError('DAEMON_UNREACHABLE', `No daemon answers on ${server.name}.`, { cause });
}

/** What a call threw, as OperationError where it is the daemon's or the network's. */
export function toOperationError(error: unknown, server: Named): unknown {
  if (isUnreachable(error)) return unreachableError(server, error);
  return error instanceof ConnectError ? fromConnectError(error) : error;
}

/** The same for an exchange of HTTP; after an abort, what the abort gives. */
export function exchangeError(error: unknown, server: Named, signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? abortError(signal) : toOperationError(error, server);
}
