import { OperationError } from '@innkeeper/contract/errors';

/** Whether a host program's words, or an error of Node or what caused it, say that the host's disk or quota is full. */
export function isHostDiskFull(cause: unknown): boolean {
  if (typeof cause === 'string') return /No space left on device|Disk quota exceeded/i.test(cause);
  if (!(cause instanceof Error)) return false;
  if ('code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')) return true;
  // What failed while something was let go hides what failed first.
  if (cause instanceof SuppressedError) return isHostDiskFull(cause.error) || isHostDiskFull(cause.suppressed);
  if (cause instanceof AggregateError) return cause.errors.some(isHostDiskFull);
  return isHostDiskFull(cause.cause);
}

/** The error for it. `what` names what was being done: "copying the image". */
export function hostDiskFull(what: string, cause?: unknown): OperationError {
  return new OperationError('HOST_DISK_FULL', `The host’s disk became full while ${what}.`, { cause });
}
