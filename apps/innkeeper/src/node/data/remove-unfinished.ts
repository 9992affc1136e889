import { lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Log } from '@innkeeper/kit';
import type { ImageRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { madePrefix } from '../images/create-image.ts';
import {
  isTemporaryName,
  isUnfinished,
  listFolder,
  markFinished,
  removeEmpty,
  removeTemporary,
  removeTree,
} from './unfinished.ts';

const adoptStep = 'Start the daemon with --adopt-data to take it over, or move it away.';

/**
 * Removes unfinished files of operations that were interrupted when an earlier daemon died. Only files and folders marked
 * as unfinished are removed (see unfinished.ts), and each removal is logged with path and reason. Unmarked ones that the
 * database does not know are logged and left alone, since they may be all that is left of a VM. Must run before anything
 * else uses the data folder.
 */
export async function removeUnfinished({ folder, store, log }: NodeContext): Promise<void> {
  const images = join(folder.path, 'images');
  await removeTemporary(images, log);
  for (const name of await foldersIn(images, log)) {
    await cleanImage(join(images, name), await store.images.find(name), folder.path, log);
  }
  const vms = join(folder.path, 'vms');
  await removeTemporary(vms, log);
  const states = new Map((await store.vms.list()).map(({ id, state }) => [id, state]));
  for (const id of await foldersIn(vms, log)) await cleanVm(join(vms, id), states.get(id), log);
  for (const directory of ['', 'images', 'kernels']) await removeTemporary(join(folder.cache, directory), log);
}

async function cleanVm(directory: string, state: string | undefined, log: Log): Promise<void> {
  if (state === undefined) {
    // Its row was removed first, or the daemon crashed between creating the folder and its mark.
    if (!(await removeEmpty(directory))) log.warn('data.unknown-vm', { path: directory, nextStep: adoptStep });
    return;
  }
  await removeTemporary(directory, log);
  // The folder of a VM in creation keeps its mark: its runner removes it.
  if (state !== 'creating' && state !== 'deleting') await markFinished(directory);
}

async function cleanImage(directory: string, row: ImageRow | undefined, dataPath: string, log: Log): Promise<void> {
  if (await isUnfinished(directory)) {
    // A removal was interrupted after or before the row was deleted.
    if (row === undefined) return await remove(directory, 'it was being removed', log);
    await markFinished(directory);
  }
  await removeTemporary(directory, log);
  const named = row === undefined ? undefined : relative(directory, join(dataPath, row.path)).split('/')[0];
  for (const name of await foldersIn(directory, log)) {
    if (!name.startsWith(madePrefix)) continue;
    const path = join(directory, name);
    const marked = await isUnfinished(path);
    if (marked && name === named) await markFinished(path);
    else if (marked) await remove(path, 'it was being created or replaced', log);
    else if (name !== named && !(await removeEmpty(path)) && row !== undefined)
      log.warn('data.unknown-files', { path, nextStep: 'Move it away if nothing needs it.' });
  }
  if (row !== undefined) return;
  if (!(await removeEmpty(directory))) log.warn('data.unknown-image', { path: directory, nextStep: adoptStep });
}

async function remove(path: string, reason: string, log: Log): Promise<void> {
  log.warn('data.removed', { path, reason });
  await removeTree(path);
}

/** Folders that could belong to an image or a VM. Symbolic links are logged and left alone. */
async function foldersIn(directory: string, log: Log): Promise<string[]> {
  const found: string[] = [];
  for (const name of await listFolder(directory)) {
    if (name === 'lost+found' || isTemporaryName(name)) continue;
    const path = join(directory, name);
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) log.warn('data.link-left-alone', { path });
    else if (stat.isDirectory()) found.push(name);
  }
  return found;
}
