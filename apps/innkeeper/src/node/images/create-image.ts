import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { storedPath } from '../data/stored-path.ts';
import { markFinished, markUnfinished, removeEmpty, removeTree } from '../data/unfinished.ts';
import type { ImageKernel, StagedOptions } from './image-tools.ts';

interface MadeImage {
  readonly originalPath: string;
  readonly format: 'raw' | 'qcow2';
  readonly virtualBytes: bigint;
  readonly sha256: string;
  readonly kernel: ImageKernel | undefined;
}

/** Creates an image's files in a folder. */
export type MakeImage = (directory: string, options: StagedOptions) => Promise<MadeImage>;

/**
 * Creates an image's files in a new subfolder of the image's folder, and then passes the row that refers to them to
 * `write`. On failure, neither remains and an earlier version of the image is unchanged.
 */
export async function createImage(
  { folder, nodeId }: NodeContext,
  name: string,
  make: MakeImage,
  options: StagedOptions,
  write: (row: ImageRow) => Promise<void>,
): Promise<void> {
  await mkdir(folder.imageFolder(name), { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(folder.imageFolder(name), madePrefix));
  try {
    await markUnfinished(directory);
    const made = await make(directory, options);
    options.signal?.throwIfAborted();
    await write({
      name,
      format: made.format,
      path: storedPath(folder, made.originalPath),
      virtual_bytes: Number(made.virtualBytes),
      sha256: made.sha256,
      added_ms: Date.now(),
      kernel: made.kernel === undefined ? null : JSON.stringify(storedKernel(folder, made.kernel)),
      base: null,
      node_id: nodeId,
    });
    // Once the row exists the image is valid, even with the mark.
    await markFinished(directory);
  } catch (error) {
    await removeTree(directory);
    await removeEmpty(folder.imageFolder(name));
    throw error;
  }
}

/** The kernel as it is stored in a row. The files of a built image's kernel are in the cache. */
function storedKernel(folder: DataFolder, { path, initrdPath, commandLine }: ImageKernel): ImageKernel {
  const initrd = initrdPath === undefined ? undefined : storedPath(folder, initrdPath);
  return { path: storedPath(folder, path), initrdPath: initrd, commandLine };
}

/** Name prefix of the subfolder with an image's files; the image's row names the current one. */
export const madePrefix = 'made-';
