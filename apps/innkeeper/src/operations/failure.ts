import { OperationError } from '@innkeeper/contract';
import { isHostDiskFull } from '../host-tools/host-disk-full.ts';

/** Any error as one that a caller can be told: a full disk has its own reason, what is not known is INTERNAL. */
export function toOperationError(error: unknown): OperationError {
  if (isHostDiskFull(error)) {
    return new OperationError('HOST_DISK_FULL', 'The host’s disk became full.', { cause: error });
  }
  return OperationError.from(error);
}
