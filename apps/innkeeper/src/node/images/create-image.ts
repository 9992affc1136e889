import { mkdir, mkdtemp } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ImageRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { markFinished, markUnfinished, removeEmpty, removeTree } from '../data/unfinished.ts';
import type { ImageKernel, StagedOptions } from './image-tools.ts';

interface MadeImage {
  readonly originalPath: string;
  readonly format: 'raw' | 'qcow2';
  readonly virtualBytes: bigint;
  readonly sha256: string;
  readonly kernel: ImageKernel | undefined;
}

/** Makes an image's files in a folder. */
export type MakeImage = (directory: string, options: StagedOptions) => Promise<MadeImage>;

/**
 * Makes an image's files, in a folder of their own inside the image's, and then hands the row that names them to
 * `write`. When anything fails, neither stays, and what was there before is as it was.
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
      path: relative(folder.path, made.originalPath),
      virtual_bytes: Number(made.virtualBytes),
      sha256: made.sha256,
      added_ms: Date.now(),
      kernel: made.kernel === undefined ? null : JSON.stringify(made.kernel),
      base: null,
      node_id: nodeId,
    });
    // With its row there it counts, marked or not.
    await markFinished(directory);
  } catch (error) {
    await removeTree(directory);
    await removeEmpty(folder.imageFolder(name));
    throw error;
  }
}

/** Of the folder that holds what an image was made of; the image's row names the one that counts. */
export const madePrefix = 'made-';
