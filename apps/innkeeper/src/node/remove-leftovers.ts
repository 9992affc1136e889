import { readdir, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { ImageRow } from '@innkeeper/store';
import type { NodeContext } from './context.ts';
import { madePrefix } from './create-image.ts';

/** What work in progress is called until it is whole: `.unfinished-…`, `.build-…`, `.import-…`, `.base-….raw-…`. */
const unfinished = /^\.[^.]/;

/**
 * Removes what operations left half done when an earlier daemon died: folders of images that were never finished, files
 * that an image's row does not name, and unfinished work of images, VMs and the cache. Nothing else may be at work.
 */
export async function removeLeftovers({ folder, store }: NodeContext): Promise<void> {
  const images = join(folder.path, 'images');
  for (const name of await readdir(images)) {
    const row = await store.images.find(name);
    if (row === undefined) await rm(join(images, name), { recursive: true, force: true });
    else await removeUnnamed(folder.imageFolder(name), row, folder.path);
  }
  for (const vm of await store.vms.list()) await removeUnfinished(folder.vmFolder(vm.id));
  await removeUnfinished(folder.cache);
  for (const name of ['images', 'kernels']) await removeUnfinished(join(folder.cache, name));
}

/** Of an image: its unfinished work, and what an earlier build of it was made of. */
export async function removeUnnamed(directory: string, row: ImageRow, dataPath: string): Promise<void> {
  await removeUnfinished(directory);
  const named = relative(directory, join(dataPath, row.path)).split('/')[0];
  for (const entry of await list(directory)) {
    if (entry === named || !(entry.startsWith(madePrefix) || entry.startsWith('original.'))) continue;
    await rm(join(directory, basename(entry)), { recursive: true, force: true });
  }
}

async function removeUnfinished(directory: string): Promise<void> {
  for (const entry of await list(directory)) {
    if (unfinished.test(entry)) await rm(join(directory, entry), { recursive: true, force: true });
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    // Nothing was ever put there.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
