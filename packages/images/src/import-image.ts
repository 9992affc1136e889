import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { hashFile } from './hash-file.ts';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
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
  await mkdir(directory, { recursive: true });
  const workDirectory = await mkdtemp(join(directory, '.import-'));
  try {
    // What is not a disk is refused by its beginning, before all of it is copied.
    const header = join(workDirectory, 'header');
    await copyFile(headerScript, [path, header], { signal });
    await inspectImage(header, path);
    const copy = join(workDirectory, 'copy');
    await copyFile(copyScript, [path, copy], { signal });
    // Of the copy: the source may have changed since.
    const { format, virtualBytes } = await inspectImage(copy, path);
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

/**
 * Only programs of their own touch a path that a client names: a FIFO, or a server that does not answer, then holds a
 * program that can be killed, and not one of the few threads that all files of the daemon share.
 */
const checks = '[ -e "$1" ] || exit 65; [ -f "$1" ] || exit 66';
const headerScript = `${checks}; exec dd "if=$1" "of=$2" bs=4096 count=1 status=none`;
const copyScript = `${checks}; exec cp --reflink=auto --sparse=always -- "$1" "$2"`;

const refusals: Readonly<Record<number, string>> = {
  65: 'there is no such file, or this user may not see it',
  66: 'it is not a regular file',
};

async function copyFile(script: string, paths: readonly string[], { signal }: Abortable): Promise<void> {
  const argv = ['-c', script, 'sh', ...paths];
  const { exitCode, stderr } = await runProgram('sh', argv, { signal, timeoutMs: copyTimeoutMs });
  if (exitCode === 0) return;
  if (isHostDiskFull(stderr)) throw hostDiskFull('copying the image');
  const why = refusals[exitCode] ?? stderr.trim().slice(-200);
  throw new OperationError('IMAGE_UNREADABLE', `${paths[0]} is no disk image that can be used: ${why}.`);
}
