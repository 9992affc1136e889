import { randomBytes } from 'node:crypto';
import { Code, ConnectError } from '@connectrpc/connect';
import { type CodeName, codes, isOperationError, OperationError, type ReasonName } from '@innkeeper/contract';
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
export const statuses: Readonly<Record<CodeName, number>> = {
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

/** The path exists, for other HTTP methods. */
export class HttpMethodError extends OperationError {
  /** The value of the header Allow: the methods that the path has. */
  readonly allow: string;

  constructor(message: string, allow: readonly string[], nextStep?: string) {
    super('UNKNOWN_METHOD', message, { nextStep: nextStep ?? `Use ${allow.join(' or ')} at this path.` });
    this.allow = allow.join(', ');
  }
}

/** The HTTP status of an error: that of its code, except where HTTP has a status of its own for it. */
function statusOf(error: OperationError): number {
  if (error instanceof HttpMethodError) return 405;
  return error.reason === 'UNKNOWN_METHOD' ? 404 : statuses[error.code];
}

/** What an error of the Connect library means here. Any other code of it is an internal error. */
const reasonsOfConnect: Readonly<Partial<Record<Code, readonly [reason: ReasonName, message?: string]>>> = {
  [Code.Canceled]: ['CANCELED', 'The caller left.'],
  [Code.Aborted]: ['CANCELED', 'The caller left.'],
  [Code.DeadlineExceeded]: ['DEADLINE_EXCEEDED', 'The deadline of the call passed.'],
  [Code.InvalidArgument]: ['MALFORMED_REQUEST'],
  [Code.Unimplemented]: ['UNKNOWN_METHOD'],
  [Code.ResourceExhausted]: ['REQUEST_TOO_LARGE'],
};

/**
 * Returns what the caller may see of a thrown error. Anything but an OperationError is an internal error: it goes to the log
 * under an id, and the caller gets that id and nothing else.
 */
function toPublicError(thrown: unknown, log: Log): OperationError {
  const error = fromConnect(thrown);
  if (isOperationError(error) && (error.reason !== 'INTERNAL' || error.cause === undefined)) return error;
  const known = knownFailure(error);
  if (known !== undefined) return known;
  const faultId = randomBytes(4).toString('hex');
  const cause = isOperationError(error) ? error.cause : error;
  log.error('api.fault', { faultId, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  return new OperationError('INTERNAL', `Internal error; see ${faultId} in the daemon’s log.`);
}

/** An error of the Connect library, or one that is already in its form, as an OperationError; any other stays what it is. */
export function fromConnect(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const reason = error.metadata.get('x-innkeeper-reason');
  if (reason !== null) return OperationError.fromWire({ reason, message: error.rawMessage }, { cause: error });
  // A client may reset its stream with any code, INTERNAL_ERROR too.
  const isReset = error.rawMessage.startsWith('http/2 stream closed with error code');
  const [known, message = error.rawMessage] = reasonsOfConnect[isReset ? Code.Canceled : error.code] ?? [];
  return known === undefined ? error : new OperationError(known, message, { cause: error });
}

/** For the HTTP routes: status and body. */
export function toHttpError(error: unknown, log: Log): { readonly status: number; readonly body: ErrorBody } {
  const known = toPublicError(error, log);
  const { code, reason, message, nextStep } = known;
  return { status: statusOf(known), body: { code, reason, message, nextStep } };
}

/** As JSON that fits into a header: headers have no characters beyond ASCII. */
export function errorHeader(body: ErrorBody): string {
  return JSON.stringify(body).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For Connect: the reason and the next step travel as metadata. An error that already has them stays what it is. */
export function toConnectError(error: unknown, log: Log): ConnectError {
  if (error instanceof ConnectError && error.metadata.has('x-innkeeper-reason')) return error;
  const { code, reason, message, nextStep } = toPublicError(error, log);
  return new ConnectError(message, codes[code] as Code, {
    'x-innkeeper-reason': reason,
    'x-innkeeper-next-step': encodeURIComponent(nextStep),
  });
}
