import { randomBytes } from 'node:crypto';
import { Code, ConnectError } from '@connectrpc/connect';
import { type CodeName, codes, isOperationError, OperationError } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import { knownFailure } from '../ports/failure.ts';

/** An error as the HTTP and WebSocket routes write it. */
export interface ErrorBody {
  readonly code: CodeName;
  readonly reason: string;
  readonly message: string;
  readonly nextStep: string;
}

/** The Connect protocol's HTTP status for each code. */
const statuses: Record<CodeName, number> = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
};

/**
 * Returns what the caller may see of a thrown error. Anything but an OperationError is an internal error: it goes to the log
 * under an id, and the caller gets that id and nothing else.
 */
function toPublicError(error: unknown, log: Log): OperationError {
  if (isOperationError(error) && (error.reason !== 'INTERNAL' || error.cause === undefined)) return error;
  if (error instanceof ConnectError && error.code === Code.DeadlineExceeded) {
    return new OperationError('DEADLINE_EXCEEDED', 'The deadline of the call passed.');
  }
  if (error instanceof ConnectError && error.code === Code.Canceled)
    return new OperationError('CANCELED', 'The caller left.');
  if (error instanceof Error && error.name === 'AbortError') return new OperationError('CANCELED', 'The caller left.');
  const known = knownFailure(error);
  if (known !== undefined) return known;
  const faultId = randomBytes(4).toString('hex');
  const cause = isOperationError(error) ? error.cause : error;
  log.error('api.fault', { faultId, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  return new OperationError('INTERNAL', `Internal error; see ${faultId} in the daemon’s log.`);
}

/** For the HTTP routes: status and body. */
export function toHttpError(error: unknown, log: Log): { readonly status: number; readonly body: ErrorBody } {
  const { code, reason, message, nextStep } = toPublicError(error, log);
  return { status: statuses[code], body: { code, reason, message, nextStep } };
}

/** As JSON that fits into a header: headers have no characters beyond ASCII. */
export function errorHeader(body: ErrorBody): string {
  return JSON.stringify(body).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For Connect: the reason and the next step travel as metadata. An error of Connect itself stays what it is. */
export function toConnectError(error: unknown, log: Log): ConnectError {
  if (error instanceof ConnectError) return error;
  const { code, reason, message, nextStep } = toPublicError(error, log);
  return new ConnectError(message, codes[code] as Code, {
    'x-innkeeper-reason': reason,
    'x-innkeeper-next-step': encodeURIComponent(nextStep),
  });
}
