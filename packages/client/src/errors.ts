import { Code, ConnectError } from '@connectrpc/connect';
import { OperationError, type WireError } from '@innkeeper/contract/errors';

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

/** An error of the API as OperationError. */
export function fromConnectError(error: unknown, server: Named): unknown {
  if (isUnreachable(error)) return unreachableError(server, error);
  if (!(error instanceof ConnectError)) return error;
  const reason = error.metadata.get('x-innkeeper-reason') ?? '';
  const nextStep = error.metadata.get('x-innkeeper-next-step');
  if (isReasonName(reason))
    return new OperationError(reason, error.rawMessage, {
      cause: error,
      nextStep: nextStep === null ? undefined : decoded(nextStep),
    });
  if (error.code === Code.Canceled) return new OperationError('CANCELED', error.rawMessage, { cause: error });
  if (error.code === Code.DeadlineExceeded)
    return new OperationError('DEADLINE_EXCEEDED', error.rawMessage, { cause: error });
  if (error.code === Code.Unimplemented)
    return new OperationError('UNKNOWN_METHOD', error.rawMessage, { cause: error });
  return new OperationError('INTERNAL', error.rawMessage, { cause: error });
}

/** Percent-encoded text; as it is where that is broken. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // URIError: shown as it came, which is better than losing the error it belongs to.
    return text;
  }
}

/** The JSON that HTTP routes and WebSockets answer with, as an error. */
export function fromErrorBody(body: string, fallback: string): OperationError {
  try {
    return OperationError.fromWire(JSON.parse(body) as WireError, { message: fallback });
  } catch {
    // No JSON: a proxy, or a daemon that broke in the middle.
    return new OperationError('INTERNAL', fallback);
  }
}
