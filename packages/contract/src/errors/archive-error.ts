import { OperationError } from './operation-error.ts';

/** Errors that @innkeeper/tar throws, recognized by name since the contract must not import it. */
const archiveFaults: ReadonlySet<string> = new Set(['UnsafeTarError', 'MalformedTarError']);

/** Converts an error of a guest's archive to ARCHIVE_REFUSED; returns any other error unchanged. */
export function archiveError(error: unknown): unknown {
  if (!(error instanceof Error) || !archiveFaults.has(error.name)) return error;
  return new OperationError('ARCHIVE_REFUSED', `The guest's archive was refused. ${error.message}`, { cause: error });
}
