import { mkdir, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import type { NodeContext } from './context.ts';
import type { ImageKernel, StagedOptions } from './image-tools.ts';

interface MadeImage {
  readonly originalPath: string;
  readonly format: 'raw' | 'qcow2';
  readonly virtualBytes: bigint;
  readonly sha256: string;
  readonly kernel: ImageKernel | undefined;
}

/** Makes an image's files and then its row; when anything fails, neither stays. */
export async function createImage(
  context: NodeContext,
  name: string,
  create: (directory: string, options: StagedOptions) => Promise<MadeImage>,
  options: StagedOptions,
): Promise<void> {
  const { folder, store } = context;
  const directory = folder.imageFolder(name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const made = await create(directory, options);
    options.signal?.throwIfAborted();
    await store.images.insert({
      name,
      format: made.format,
      path: relative(folder.path, made.originalPath),
      virtual_bytes: Number(made.virtualBytes),
      sha256: made.sha256,
      added_ms: Date.now(),
      kernel: made.kernel === undefined ? null : JSON.stringify(made.kernel),
      base: null,
    });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
