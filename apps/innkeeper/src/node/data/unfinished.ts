import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Log } from '@innkeeper/kit';

/*
 * How work in progress is recognised after a crash. Two marks say "this is ours and not finished": the name of a
 * temporary file or folder, and a file `.unfinished` in a folder that already has its final name. Nothing else is ever
 * removed at a start.
 */

const markName = '.unfinished';
const removedPrefix = '.removed-';

/** Names of temporary files and folders: of imports, builds, bases, disks, manifests and of trees that are being removed. */
const temporaryName =
  /^\.((import|build|unfinished|manifest)-[A-Za-z0-9]+(\.qcow2)?|base-[A-Za-z0-9.-]+\.raw-[A-Za-z0-9]+|removed-.+)$/;

/** Whether a file or folder carries the name of work in progress. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(name);
}

/** Marks a folder as not finished: if the daemon dies now, the next one removes it. Rejects when the disk is full. */
export async function markUnfinished(directory: string): Promise<void> {
  await using file = await open(join(directory, markName), 'w', 0o600);
  await file.sync();
  await syncFolder(directory);
}

/** Takes the mark off. */
export async function markFinished(directory: string): Promise<void> {
  await unlink(join(directory, markName)).catch(ignoreMissing);
  await syncFolder(directory);
}

/** Whether a folder carries the mark. Rejects when it cannot be looked at. */
export async function isUnfinished(directory: string): Promise<boolean> {
  return (await stat(join(directory, markName)).catch(ignoreMissing)) !== undefined;
}

/**
 * Removes a folder with all that is in it. It gets the name of something that is being removed first, so that one that
 * is half gone is never taken for a whole one. A symbolic link is removed, never followed.
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

/** Removes a folder when nothing is in it. */
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

/** Removes what carries a temporary name in a folder, and logs each. The folder may be missing. */
export async function removeTemporary(directory: string, log: Log): Promise<void> {
  for (const name of await listFolder(directory)) {
    if (!isTemporaryName(name)) continue;
    const path = join(directory, name);
    log.warn('data.removed', { path, reason: 'its name says that it was not finished' });
    await rm(path, { recursive: true, force: true });
  }
}

/** Names in a folder; none when it is missing. Rejects when it cannot be read: that is not the same as empty. */
export async function listFolder(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ignoreMissing)) ?? [];
}

/** What a rename or a removal in it did is on disk. */
export async function syncFolder(directory: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(directory, 'r');
    await folder.sync();
  } catch (error) {
    // Some file systems cannot sync a folder; they keep their own order.
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
