import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, readlink, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Log } from '@innkeeper/kit';

/*
 * How unfinished work is recognised after a crash. There are two marks: the name of a temporary file or folder, and a file
 * `.unfinished` in a folder that already has its final name. Nothing without a mark is removed at a start.
 */

const markName = '.unfinished';
const removedPrefix = '.removed-';

/** Temporary names: for imports, builds, bases, disks, manifests and folders that are being removed. */
const temporaryName =
  /^\.((import|build|unfinished|manifest)-(\d+-)?[A-Za-z0-9]+(\.qcow2)?|base-[A-Za-z0-9.-]+\.raw-[A-Za-z0-9]+|removed-.+)$/;

/** Whether the name of a file or folder is a temporary one. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(name);
}

/** Marks a folder as unfinished: if the daemon dies now, the next one removes it. Rejects when the disk is full. */
export async function markUnfinished(directory: string): Promise<void> {
  await using file = await open(join(directory, markName), 'w', 0o600);
  await file.sync();
  await syncFolder(directory);
}

/** Removes the mark. */
export async function markFinished(directory: string): Promise<void> {
  await unlink(join(directory, markName)).catch(ignoreMissing);
  await syncFolder(directory);
}

/** Whether a folder has the mark. Rejects when it cannot be checked. */
export async function isUnfinished(directory: string): Promise<boolean> {
  return (await stat(join(directory, markName)).catch(ignoreMissing)) !== undefined;
}

/**
 * Removes a folder with its content. It is first renamed to a temporary name, so that a partly removed folder is never
 * taken for a complete one. A symbolic link is removed, never followed.
 */
export async function removeTree(path: string): Promise<void> {
  if (isTemporaryName(basename(path))) return await rm(path, { recursive: true, force: true });
  const aside = join(dirname(path), `${removedPrefix}${basename(path)}-${randomBytes(4).toString('hex')}`);
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Removes a folder if it is empty. */
export async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

/**
 * Removes entries with temporary names from a folder, which may be missing, and logs each removal. What another daemon is
 * making in a shared cache stays.
 */
export async function removeTemporary(directory: string, log: Log): Promise<void> {
  for (const name of await listFolder(directory)) {
    if (!isTemporaryName(name) || (await isOfOtherDaemon(name))) continue;
    const path = join(directory, name);
    log.warn('data.removed', { path, reason: 'its name marks it as unfinished' });
    await rm(path, { recursive: true, force: true });
  }
}

/** Whether the process whose number is in a temporary name runs, and runs the same program as this one. */
async function isOfOtherDaemon(name: string): Promise<boolean> {
  const pid = /^\.unfinished-(\d+)-/.exec(name)?.[1];
  if (pid === undefined || Number(pid) === process.pid) return false;
  // Nothing of another user's process can be read; such a process does not share this cache.
  const program = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
  return program !== undefined && program === (await readlink('/proc/self/exe'));
}

/** Names in a folder; empty if it is missing. Rejects if it cannot be read. */
export async function listFolder(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ignoreMissing)) ?? [];
}

/** Syncs a folder, so that renames and removals in it are on disk. */
export async function syncFolder(directory: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(directory, 'r');
    await folder.sync();
  } catch (error) {
    // Some file systems do not support syncing a folder.
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'EISDIR')))
      throw error;
  } finally {
    await folder?.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
