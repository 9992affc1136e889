import { OperationError } from '@innkeeper/contract/errors';

/** Whether a host program's output, or an error of Node or its cause, means that the host's disk or quota is full. */
export function isHostDiskFull(cause: unknown): boolean {
  if (typeof cause === 'string') return /No space left on device|Disk quota exceeded/i.test(cause);
  if (!(cause instanceof Error)) return false;
  if ('code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')) return true;
  // A SuppressedError: the failure of a disposal hides the original error.
  if (cause instanceof SuppressedError) return isHostDiskFull(cause.error) || isHostDiskFull(cause.suppressed);
  if (cause instanceof AggregateError) return cause.errors.some(isHostDiskFull);
  return isHostDiskFull(cause.cause);
}

/** Creates the error. `what` is the activity: "copying the image". */
export function hostDiskFull(what: string, cause?: unknown): OperationError {
  return new OperationError('HOST_DISK_FULL', `The host’s disk became full while ${what}.`, { cause });
}
