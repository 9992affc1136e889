import { OperationError } from '@innkeeper/contract/errors';
import { openOptions } from '../file/open-options.ts';
import type { FileHandle, FileStat, Host } from '../host.ts';
import { isHostError } from '../host-error.ts';

/** Entries of a folder among which a rotated file is searched. */
const maxSearched = 4096;

/** How far a reader has come in a file, whatever the file is called by now. */
export interface Place {
  readonly device: number;
  readonly inode: number;
  readonly offset: number;
}

/** Of a cursor "device:inode:offset"; undefined for an empty one. @throws OperationError INVALID_ARGUMENT */
export function placeOf(cursor: string): Place | undefined {
  if (cursor === '') return undefined;
  const [, device, inode, offset] = /^(\d+):(\d+):(\d+)$/.exec(cursor) ?? [];
  if (offset === undefined) throw new OperationError('INVALID_ARGUMENT', 'cursor must be that of a batch.');
  return { device: Number(device), inode: Number(inode), offset: Number(offset) };
}

/** Whether a file is the one of a place, and reaches so far. */
export function isAt({ deviceId, inode, sizeBytes }: FileStat, place: Place): boolean {
  return deviceId === place.device && inode === place.inode && place.offset <= sizeBytes;
}

/** The file of a place, which was at `path` and has another name that begins with its own now: "x.1" or "x-20300101". */
export function openRotated(host: Host, path: string, place: Place): FileHandle | undefined {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  try {
    const folder = host.files.openDirectory(path.slice(0, slash) || '/', { noSymlinks: false });
    try {
      let left = maxSearched;
      for (let entries = folder.readEntries(); entries.length > 0 && left > 0; entries = folder.readEntries()) {
        left -= entries.length;
        for (const entry of entries)
          if (entry.name !== name && entry.name.startsWith(name) && isAt(folder.stat(entry.name), place))
            return folder.openFile(entry.name, openOptions({ nonBlocking: true }));
      }
    } finally {
      folder.close();
    }
  } catch (error) {
    // ENOENT, EACCES: it is gone, as without a name.
    if (!isHostError(error)) throw error;
  }
  return undefined;
}
