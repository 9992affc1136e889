import { accessSync, constants, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';

/**
 * Refuses what cannot be used as a file, or a folder, of the daemon's: a link to nothing, something of another kind, what
 * this user may not read and write. What is missing is fine: it will be made. To be asked before a library opens it, which
 * would wait for ever on a FIFO or give an error that names nothing. Throws DATA_FOLDER_UNUSABLE.
 */
export function assertUsable(path: string, wanted: 'file' | 'folder'): void {
  const entry = look(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (entry === undefined) return;
  const found = entry.isSymbolicLink() ? look(path, () => statSync(path, { throwIfNoEntry: false })) : entry;
  if (found === undefined)
    throw unusable(
      `${path} is a symbolic link to ${readlinkSync(path)}, which does not exist`,
      'Put back or mount what the link points to, or remove the link.',
    );
  const isWanted = wanted === 'file' ? found.isFile() : found.isDirectory();
  if (!isWanted)
    throw unusable(
      `${path} is not a ${wanted === 'file' ? 'regular file' : 'folder'} but a ${kindOf(found)}`,
      'Move it away.',
    );
  const mode = constants.R_OK | constants.W_OK | (wanted === 'folder' ? constants.X_OK : 0);
  try {
    accessSync(path, mode);
  } catch (error) {
    throw unusable(
      `This user (uid ${process.getuid?.()}) may not read and write ${path}, which belongs to uid ${found.uid} (mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')})`,
      'Run the daemon as the user that owns it, change its owner or mode, or mount its file system writable.',
      error,
    );
  }
}

/** Looks at a path; a failure names it. */
function look(path: string, stat: () => Stats | undefined): Stats | undefined {
  try {
    return stat();
  } catch (error) {
    throw unusable(`${path} cannot be looked at: ${errorMessage(error)}`, undefined, error);
  }
}

function kindOf(found: Stats): string {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  if (found.isFIFO()) return 'FIFO';
  return found.isSocket() ? 'socket' : 'device';
}

function unusable(message: string, nextStep: string | undefined, cause?: unknown): OperationError {
  return new OperationError('DATA_FOLDER_UNUSABLE', `${message}.`, { cause, nextStep });
}
