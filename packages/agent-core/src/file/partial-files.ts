import { maxIdChars } from '@innkeeper/contract/limits';
import type { Clock, FileHandle, FileStat, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { agentUid } from '../process/accounts.ts';
import { openOptions } from './open-options.ts';

/** How long the part of an upload waits for its continuation. */
export const keepPartialMs = 60 * 60 * 1000;
/** Of a file of a tree: it never waits for its continuation, so one that nobody writes is from an agent that was killed. */
export const treePartPrefix = '.innkeeper-tree.innkeeper-';
const maxNames = 10_000;
/** Characters of the target's name in that of its partial file. */
const maxNameChars = 50;
const pattern = new RegExp(`^\\..+\\.innkeeper-[A-Za-z0-9_-]{1,${maxIdChars}}\\.part$`);

/** The partial file of an upload: in the target's directory, so that the rename stays in one file system. */
export function partialPath(folder: string, name: string, uploadId: string): string {
  // NAME_MAX is 255 bytes, and a UTF-16 unit takes up to 3 of them; the id distinguishes shortened names.
  return `${folder === '/' ? '' : folder}/.${name.slice(0, maxNameChars).replace(/[\ud800-\udbff]$/, '')}.innkeeper-${uploadId}.part`;
}

/**
 * Opens the partial file: the existing one with `resume`, otherwise a new one. It is only resumed if it is certainly
 * the agent's: its name can be guessed, and other users of the directory could have put a link or other content there.
 */
export function openPartial(
  host: Host,
  path: string,
  { resume, noSymlinks }: { readonly resume: boolean; readonly noSymlinks: boolean },
): { file: FileHandle; sizeBytes: number } {
  const { files } = host;
  try {
    const own = resume ? openIfOwned(host, path, noSymlinks) : undefined;
    if (own !== undefined) return own;
    files.unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  const mode = 0o600;
  const file = files.open(path, openOptions({ access: 'read-write', create: true, exclusive: true, mode, noSymlinks }));
  return { file, sizeBytes: 0 };
}

/** The existing part of an upload; undefined if nothing can be resumed. */
export function statPartial(host: Host, path: string, noSymlinks: boolean): FileStat | undefined {
  try {
    const own = openIfOwned(host, path, noSymlinks);
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

/**
 * undefined unless it is a regular file owned by the agent with one link. Checked again after opening: it may be
 * swapped.
 */
function openIfOwned(
  host: Host,
  path: string,
  noSymlinks: boolean,
): { file: FileHandle; sizeBytes: number } | undefined {
  const { files } = host;
  if (files.stat(path, false).type !== 'regular') return undefined;
  const file = files.open(path, openOptions({ access: 'read-write', noSymlinks, nonBlocking: true }));
  const opened = files.statHandle(file);
  const named = files.stat(path, false);
  if (
    opened.type === 'regular' &&
    opened.uid === agentUid(host) &&
    opened.linkCount === 1 &&
    opened.inode === named.inode &&
    opened.deviceId === named.deviceId
  )
    return { file, sizeBytes: opened.sizeBytes };
  file.close();
  return undefined;
}

/** Names of the partial files that are being written, by the clock of their host: a host under a policy shares it. */
const written = new WeakMap<Clock, Map<string, number>>();

/** Marks a partial file as being written, so that it is not removed however long its sender pauses. Returns the release. */
export function holdPartial(host: Host, path: string): () => void {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const names = written.get(host.clock) ?? new Map<string, number>();
  written.set(host.clock, names);
  names.set(name, (names.get(name) ?? 0) + 1);
  return () => {
    const left = (names.get(name) ?? 1) - 1;
    if (left > 0) names.set(name, left);
    else names.delete(name);
  };
}

/**
 * Removes abandoned partial files in this directory: those that are an hour old, and at once those of trees and of earlier
 * uploads of `name`, except that with the id `uploadId`, which is taken over. Returns how many are left.
 */
export function removeOldPartials(
  host: Host,
  folder: string,
  target?: { readonly name: string; readonly uploadId: string },
): number {
  let left = 0;
  const oldest = host.clock.wallTimeNs() - BigInt(keepPartialMs) * 1_000_000n;
  // The name of a part shows that of its target only if that is short.
  const isWhole = target !== undefined && target.name.length <= maxNameChars;
  const own = isWhole ? `.${target.name}.innkeeper-` : undefined;
  const kept = own === undefined ? undefined : `${own}${target?.uploadId}.part`;
  for (const name of host.files.readDirectory(folder, maxNames)) {
    if (!pattern.test(name)) continue;
    left++;
    if (written.get(host.clock)?.has(name) === true || name === kept) continue;
    try {
      const path = `${folder === '/' ? '' : folder}/${name}`;
      const { modifiedNs, type, uid } = host.files.stat(path, false);
      const isNamed = name.startsWith(treePartPrefix) || (own !== undefined && name.startsWith(own));
      const isOfTarget = isNamed && type === 'regular' && uid === agentUid(host);
      if (!isOfTarget && modifiedNs >= oldest) continue;
      host.files.unlink(path);
      left--;
    } catch {
      // ENOENT: another upload removed it first. EROFS and the like: the upload itself will report it.
    }
  }
  return left;
}
