import { dirname } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';

/** Timeout for copying one disk. */
const copyTimeoutMs = 60 * 60_000;

/**
 * Copies a disk image into a new raw file: a reflink where the host's file system supports it, otherwise a
 * copy that keeps holes. Both paths are absolute. The source is only read. After a failure the caller removes `to`.
 * Rejects with HOST_DISK_FULL, and IMAGE_UNREADABLE when the source cannot be read.
 */
export async function copyToRaw(
  source: { readonly path: string; readonly format: 'raw' | 'qcow2' },
  to: string,
  { signal }: Abortable = {},
): Promise<void> {
  const [program, argv] =
    source.format === 'raw'
      ? ['cp', ['--reflink=auto', '--sparse=always', '--', source.path, to]]
      : ['qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', '-S', '4k', source.path, to]];
  const { exitCode, stderr } = await runProgram(program, argv, { signal, cwd: dirname(to), timeoutMs: copyTimeoutMs });
  if (exitCode === 0) return;
  if (isHostDiskFull(stderr)) throw hostDiskFull('copying the image');
  throw new OperationError('IMAGE_UNREADABLE', `The image could not be copied: ${stderr.trim().slice(-200)}`);
}
