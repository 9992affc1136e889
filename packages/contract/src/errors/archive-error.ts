import { isMalformedTarError, isUnsafeTarError } from '@innkeeper/tar';
import { OperationError } from './operation-error.ts';

/** A fault of a guest's archive as ARCHIVE_REFUSED; any other error as it is. */
export function archiveError(error: unknown): unknown {
  if (!isUnsafeTarError(error) && !isMalformedTarError(error)) return error;
  return new OperationError('ARCHIVE_REFUSED', `The guest's archive was refused. ${error.message}`, { cause: error });
}
