import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from '../host-tools/index.ts';
import { hashFile } from './hash-file.ts';
import { type ImageFormat, inspectImage } from './inspect-image.ts';
import type { StageOptions } from './stage-options.ts';

export interface ImportedImage {
  readonly originalPath: string;
  readonly format: ImageFormat;
  readonly virtualBytes: bigint;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** It boots by its own boot loader. */
  readonly kernel: undefined;
}

const copyTimeoutMs = 60 * 60_000;

/**
 * Copies a disk image into `directory` as original.raw or original.qcow2: by reflink where the host can, else with
 * holes kept. It appears there whole or not at all. `path` is absolute.
 * Rejects with IMAGE_UNREADABLE, HOST_DISK_FULL, or the signal's reason.
 */
export async function importImage(
  path: string,
  { directory }: { readonly directory: string },
  options: StageOptions = {},
): Promise<ImportedImage> {
  const { signal, onStage } = options;
  signal?.throwIfAborted();
  onStage?.('Copying the image', 0);
  await inspectImage(path);
  await mkdir(directory, { recursive: true });
  const workDirectory = await mkdtemp(join(directory, '.import-'));
  try {
    const copy = join(workDirectory, 'copy');
    await copyFile(path, copy, { signal });
    // Of the copy: the source may have changed since.
    const { format, virtualBytes } = await inspectImage(copy);
    onStage?.('Hashing the image', 0.6);
    const sha256 = await hashFile(copy, { signal });
    const originalPath = join(directory, `original.${format}`);
    await rename(copy, originalPath);
    return { originalPath, format, virtualBytes: BigInt(virtualBytes), sha256, kernel: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    if (isHostDiskFull(error)) throw hostDiskFull('copying the image', error);
    throw error;
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

async function copyFile(from: string, to: string, { signal }: Abortable): Promise<void> {
  const argv = ['--reflink=auto', '--sparse=always', '--', from, to];
  const { exitCode, stderr } = await runProgram('cp', argv, { signal, timeoutMs: copyTimeoutMs });
  if (exitCode === 0) return;
  if (isHostDiskFull(stderr)) throw hostDiskFull('copying the image');
  throw new OperationError('IMAGE_UNREADABLE', `The image cannot be copied: ${stderr.trim().slice(-200)}`);
}
