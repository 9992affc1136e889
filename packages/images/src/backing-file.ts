import { stat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import type { ImageFormat } from './inspect-image.ts';
import { openRandomAccess } from './random-access.ts';

export interface RebaseRequest {
  /** A qcow2 overlay that no VM uses. Absolute. */
  readonly diskPath: string;
  /** Absolute; has the same bytes as the file that the overlay was made of. */
  readonly basePath: string;
  readonly baseFormat: ImageFormat;
}

/**
 * What an overlay calls its base: the path from the overlay's folder, so that both can be moved together. Absolute where
 * a symbolic link between the two makes that path lead elsewhere.
 */
export async function backingName(diskPath: string, basePath: string): Promise<string> {
  const name = relative(dirname(diskPath), basePath);
  // Not resolved: the kernel follows a link before it goes up from there.
  const [seen, base] = await Promise.all([identityOf(`${dirname(diskPath)}/${name}`), identityOf(basePath)]);
  return seen !== undefined && seen === base ? name : basePath;
}

/**
 * Has an overlay name its base by where that is now, after one of the two was moved. Only the overlay's header changes.
 * Rejects with IMAGE_UNREADABLE, HOST_DISK_FULL.
 */
export async function rebaseOverlay(
  { diskPath, basePath, baseFormat }: RebaseRequest,
  { signal }: Abortable = {},
): Promise<void> {
  const wanted = await backingName(diskPath, basePath);
  if ((await readBackingName(diskPath)) === wanted) return;
  const argv = ['rebase', '-q', '-u', '-f', 'qcow2', '-F', baseFormat, '-b', wanted, diskPath];
  const { exitCode, stderr } = await runProgram('qemu-img', argv, { signal });
  if (exitCode === 0) return;
  if (isHostDiskFull(stderr)) throw hostDiskFull('changing the header of the VM’s disk');
  const why = stderr.trim().slice(-200);
  throw new OperationError('IMAGE_UNREADABLE', `qemu-img cannot change what the VM’s disk lies over: ${why}`);
}

/** The name in a qcow2 header; undefined for a file without one. */
async function readBackingName(path: string): Promise<string | undefined> {
  await using disk = await openRandomAccess(path);
  const header = await disk.read(0, 20);
  if (header.length < 20 || header.toString('latin1', 0, 4) !== 'QFI\xfb') return undefined;
  const [offset, size] = [Number(header.readBigUInt64BE(8)), header.readUInt32BE(16)];
  // QEMU takes names of up to 1023 bytes.
  if (offset === 0 || size > 1023) return undefined;
  return (await disk.read(offset, size)).toString('utf8');
}

/** Which file a path leads to, as text; undefined when there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // Missing, or behind a folder that may not be entered: not known to be the same.
    return undefined;
  }
}
