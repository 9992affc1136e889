import { OperationError } from './operation-error.ts';

/** What @innkeeper/tar throws for an archive: known by name, since the contract stands below it. */
const archiveFaults: ReadonlySet<string> = new Set(['UnsafeTarError', 'MalformedTarError']);

/** A fault of a guest's archive as ARCHIVE_REFUSED; any other error as it is. */
export function archiveError(error: unknown): unknown {
  if (!(error instanceof Error) || !archiveFaults.has(error.name)) return error;
  return new OperationError('ARCHIVE_REFUSED', `The guest's archive was refused. ${error.message}`, { cause: error });
}
