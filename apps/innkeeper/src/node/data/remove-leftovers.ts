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

const adoptStep = 'Start with --adopt-data to take it over, or move it away.';

/**
 * Removes what operations left half done when an earlier daemon died. Only what carries a mark of being unfinished goes
 * (see unfinished.ts), and each removal is logged with its path and reason. What the database does not know and has no
 * mark is named in the log and left alone: it may be all that is left of somebody's VM. Nothing else may be at work.
 */
export async function removeLeftovers({ folder, store, log }: NodeContext): Promise<void> {
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
    // Its row went first, or a crash came between the folder and its mark.
    if (!(await removeEmpty(directory))) log.warn('data.unknown-vm', { path: directory, nextStep: adoptStep });
    return;
  }
  await removeTemporary(directory, log);
  // One that was being made keeps its mark: its runner removes it.
  if (state !== 'creating' && state !== 'deleting') await markFinished(directory);
}

async function cleanImage(directory: string, row: ImageRow | undefined, dataPath: string, log: Log): Promise<void> {
  if (await isUnfinished(directory)) {
    // Its row went and its files did not, or neither did.
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
    else if (marked) await remove(path, 'it was being made or replaced', log);
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

/** Folders that could be an image's or a VM's. A symbolic link is named and left alone. */
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
