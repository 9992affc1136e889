import { isOperationError, OperationError } from '@innkeeper/contract';
import { isHostDiskFull } from '@innkeeper/images/host-tools';

/** Converts any error to one for callers: a full disk has its own reason, unknown errors are INTERNAL. */
export function toOperationError(error: unknown): OperationError {
  return knownFailure(error) ?? OperationError.from(error);
}

/** A failure that has a reason, whatever it was wrapped in; undefined for an internal error. */
export function knownFailure(error: unknown): OperationError | undefined {
  // Letting go failed after the work had: why the work failed is what the caller asks for.
  if (error instanceof SuppressedError) return knownFailure(error.suppressed) ?? knownFailure(error.error);
  if (isOperationError(error) && error.reason !== 'INTERNAL') return error;
  if (isCallersLeave(error)) return new OperationError('CANCELED', 'The caller left.', { cause: error });
  if (isUnstorable(error)) {
    return new OperationError(
      'INVALID_ARGUMENT',
      'A text of the request has a NUL character, or a number is too large.',
      {
        cause: error,
      },
    );
  }
  if (!isHostDiskFull(error)) return undefined;
  return new OperationError('HOST_DISK_FULL', 'The host’s disk became full.', { cause: error });
}

/** An abort, or what Node.js's HTTP/1.1 and HTTP/2 say when the client breaks off its request or stops reading. */
function isCallersLeave(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    error.name === 'AbortError' ||
    (code === 'ECONNRESET' && error.message === 'aborted') ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ERR_HTTP2_STREAM_ERROR'
  );
}

/** PostgreSQL's codes for a text or number that none of its columns can hold. */
function isUnstorable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['22021', '22P05', '22003'].includes(String(error.code));
}
