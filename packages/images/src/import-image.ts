import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { checkQcow2 } from './check-qcow2.ts';
import { hashFile } from './hash-file.ts';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import { type ImageFormat, inspectImage } from './inspect-image.ts';
import type { StageOptions } from './stage-options.ts';

export interface ImportedImage {
  readonly originalPath: string;
  readonly format: ImageFormat;
  readonly virtualBytes: bigint;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** Always undefined: an imported image boots with its own boot loader. */
  readonly kernel: undefined;
}

const copyTimeoutMs = 60 * 60_000;

/**
 * Copies a disk image into `directory` as original.raw or original.qcow2: by reflink where the host supports it,
 * otherwise keeping holes. The file appears atomically. `path` is absolute.
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
    // Files that are not disks are rejected by their header, before everything is copied.
    const header = join(workDirectory, 'header');
    await copyFile(headerScript, [path, header], { signal });
    await inspectImage(header, path);
    const copy = join(workDirectory, 'copy');
    await copyFile(copyScript, [path, copy], { signal });
    // Inspects the copy, since the source may have changed.
    const { format, virtualBytes } = await inspectImage(copy, path);
    if (format === 'qcow2') await checkQcow2(copy, path, { signal });
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
 * Only child processes access a path from a client: a FIFO or an unresponsive file server then blocks a process that can
 * be killed, and not one of the few threads that all file access of the daemon shares.
 */
const checks = '[ -e "$1" ] || exit 65; [ -f "$1" ] || exit 66';
const headerScript = `${checks}; exec dd "if=$1" "of=$2" bs=65536 count=1 status=none`;
const copyScript = `${checks}; exec cp --reflink=auto --sparse=always -- "$1" "$2"`;

const refusals: Readonly<Record<number, string>> = {
  65: 'the file does not exist or is not accessible',
  66: 'it is not a regular file',
};

async function copyFile(script: string, paths: readonly string[], { signal }: Abortable): Promise<void> {
  const argv = ['-c', script, 'sh', ...paths];
  const { exitCode, stderr } = await runProgram('sh', argv, { signal, timeoutMs: copyTimeoutMs });
  if (exitCode === 0) return;
  if (isHostDiskFull(stderr)) throw hostDiskFull('copying the image');
  const why = refusals[exitCode] ?? stderr.trim().slice(-200);
  throw new OperationError('IMAGE_UNREADABLE', `${paths[0]} is not a usable disk image: ${why}.`);
}
