import { OperationError } from '@innkeeper/contract/errors';

/** Whether a host program's words, or an error of Node, say that the host's disk or quota is full. */
export function isHostDiskFull(cause: unknown): boolean {
  if (typeof cause === 'string') return /No space left on device|Disk quota exceeded/i.test(cause);
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
}

/** The error for it. `what` names what was being done: "copying the image". */
export function hostDiskFull(what: string, cause?: unknown): OperationError {
  return new OperationError('HOST_DISK_FULL', `The host’s disk became full while ${what}.`, { cause });
}
