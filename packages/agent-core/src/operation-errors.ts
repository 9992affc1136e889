import { OperationError, type ReasonName } from '@innkeeper/contract/errors';
import { isHostError } from './host-error.ts';

const reasonOfErrno: Record<string, ReasonName> = {
  ENOENT: 'FILE_NOT_FOUND',
  EEXIST: 'FILE_EXISTS',
  EACCES: 'FILE_PERMISSION',
  EPERM: 'FILE_PERMISSION',
  EISDIR: 'FILE_IS_DIRECTORY',
  ENOTDIR: 'FILE_NOT_DIRECTORY',
  ELOOP: 'FILE_SYMLINK_REFUSED',
  EROFS: 'FILE_READ_ONLY',
  ENOSPC: 'GUEST_DISK_FULL',
  EDQUOT: 'GUEST_DISK_FULL',
  ENAMETOOLONG: 'INVALID_PATH',
  // Freezer.holdWrites in host.ts.
  EFROZEN: 'FILESYSTEM_FROZEN',
};

/** Converts a caught value to the error that is sent: a HostError gets the reason that fits its errno. */
export function toOperationError(error: unknown): OperationError {
  if (!isHostError(error)) return OperationError.from(error);
  return new OperationError(reasonOfErrno[error.errno] ?? 'GUEST_IO', error.message, { cause: error });
}

/** The error of a call that reached its deadline, in every dialect. */
export function deadlineError(method: string, timeoutMs: number): OperationError {
  return new OperationError('DEADLINE_EXCEEDED', `${method} took longer than ${timeoutMs} ms.`);
}
