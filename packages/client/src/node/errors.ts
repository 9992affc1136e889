import { ConnectError } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract/errors';
import { abortError } from '../core/abort-error.ts';
import { fromConnectError } from '../core/errors.ts';

/** The server's name for error messages. */
interface NamedServer {
  readonly name: string;
}

/** Node's error codes when nothing listens there, or when the socket belongs to another user. */
const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EACCES']);

/** Whether an error or one of its causes means that the daemon is not reachable. */
export function isUnreachable(error: unknown): boolean {
  return hasCode(error, unreachable);
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && codes.has(String(each.code))) return true;
  return false;
}

/** The error for a daemon that is not reachable. */
export function unreachableError(server: NamedServer, cause: unknown): OperationError {
  if (hasCode(cause, new Set(['EACCES'])))
    return new OperationError('DAEMON_UNREACHABLE', `${server.name} belongs to another user.`, {
      cause,
      nextStep: 'Run this as that user or as root, or connect over the network with a token.',
    });
  return new OperationError('DAEMON_UNREACHABLE', `No daemon answers on ${server.name}.`, { cause });
}

/** Converts errors of the daemon and the network to OperationError; returns others unchanged. */
export function toOperationError(error: unknown, server: NamedServer): unknown {
  if (isUnreachable(error)) return unreachableError(server, error);
  return error instanceof ConnectError ? fromConnectError(error) : error;
}

/** The same for an HTTP request; after an abort, the abort's error. */
export function httpError(error: unknown, server: NamedServer, signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? abortError(signal) : toOperationError(error, server);
}
