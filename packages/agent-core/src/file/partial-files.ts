import { maxIdChars } from '@innkeeper/contract/limits';
import type { FileHandle, FileStat, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { ownUid } from '../process/accounts.ts';
import { openOptions } from './open-options.ts';

const keepMs = 24 * 60 * 60 * 1000;
const maxNamesLooked = 10_000;
const pattern = new RegExp(`^\\..+\\.innkeeper-[A-Za-z0-9_-]{1,${maxIdChars}}\\.part$`);

/** The partial file of an upload: beside its target, so that the rename stays in one file system. */
export function partialPath(folder: string, name: string, uploadId: string): string {
  // NAME_MAX is 255 bytes, of which a character takes up to 3 for each UTF-16 unit; the id keeps long names apart.
  return `${folder === '/' ? '' : folder}/.${name.slice(0, 50).replace(/[\ud800-\udbff]$/, '')}.innkeeper-${uploadId}.part`;
}

/**
 * Opens the partial file: the one that is there with `resume`, else a new one. Only one that is certainly ours is gone on
 * with: its name can be guessed, and the folder may be anybody's, who could put a link there, or a beginning.
 */
export function openPartial(
  host: Host,
  path: string,
  { resume, noSymlinks }: { readonly resume: boolean; readonly noSymlinks: boolean },
): { file: FileHandle; sizeBytes: number } {
  const { files } = host;
  try {
    const own = resume ? openOwn(host, path, noSymlinks) : undefined;
    if (own !== undefined) return own;
    files.unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  const mode = 0o600;
  const file = files.open(path, openOptions({ access: 'read-write', create: true, exclusive: true, mode, noSymlinks }));
  return { file, sizeBytes: 0 };
}

/** What is there of an upload; undefined when nothing is that it could resume. */
export function statPartial(host: Host, path: string, noSymlinks: boolean): FileStat | undefined {
  try {
    const own = openOwn(host, path, noSymlinks);
    if (own === undefined) return undefined;
    try {
      return host.files.statHandle(own.file);
    } finally {
      own.file.close();
    }
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** undefined when it is not a plain file of the agent's own with one name. Looked at again when open: it may be swapped. */
function openOwn(host: Host, path: string, noSymlinks: boolean): { file: FileHandle; sizeBytes: number } | undefined {
  const { files } = host;
  if (files.stat(path, false).type !== 'regular') return undefined;
  const file = files.open(path, openOptions({ access: 'read-write', noSymlinks, nonBlocking: true }));
  const opened = files.statHandle(file);
  const named = files.stat(path, false);
  if (
    opened.type === 'regular' &&
    opened.uid === ownUid(host) &&
    opened.linkCount === 1 &&
    opened.inode === named.inode &&
    opened.deviceId === named.deviceId
  )
    return { file, sizeBytes: opened.sizeBytes };
  file.close();
  return undefined;
}

/** Removes partial files of this folder that nobody came back for. */
export function removeOldPartials(host: Host, folder: string): void {
  const oldest = host.clock.wallTimeNs() - BigInt(keepMs) * 1_000_000n;
  for (const name of host.files.readDirectory(folder, maxNamesLooked)) {
    if (!pattern.test(name)) continue;
    try {
      const path = `${folder === '/' ? '' : folder}/${name}`;
      if (host.files.stat(path, false).modifiedNs < oldest) host.files.unlink(path);
    } catch {
      // ENOENT: another upload tidied first. EROFS and the like: the upload itself will say so.
    }
  }
}
