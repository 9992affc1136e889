import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { backingName } from './backing-file.ts';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import type { ImageFormat } from './inspect-image.ts';

export interface OverlayRequest {
  /** Absolute. Must stay unchanged, and in place relative to the overlay, as long as the overlay exists. */
  readonly basePath: string;
  readonly baseFormat: ImageFormat;
  /** The new qcow2 file. Absolute; its folder must exist. */
  readonly diskPath: string;
  /** Size of the disk as the VM sees it; at least the base's size. 0: the base's size. */
  readonly sizeBytes: number | bigint;
}

/**
 * Creates the disk of a VM: a qcow2 file that holds the differences from its base. The base is not modified. Leaves
 * nothing behind on failure. Rejects with HOST_DISK_FULL, INVALID_ARGUMENT when the size is less than the base's, or
 * IMAGE_UNREADABLE.
 */
export async function createOverlay(request: OverlayRequest, { signal }: Abortable = {}): Promise<void> {
  const { basePath, baseFormat, diskPath } = request;
  const sizeBytes = Number(request.sizeBytes);
  if (sizeBytes !== 0) await assertGrows(request, sizeBytes, { signal });
  const unfinished = join(dirname(diskPath), `.unfinished-${randomBytes(8).toString('hex')}.qcow2`);
  const size = sizeBytes === 0 ? [] : [`${sizeBytes}`];
  try {
    const base = await backingName(diskPath, basePath);
    const argv = ['create', '-q', '-f', 'qcow2', '-F', baseFormat, '-b', base, unfinished, ...size];
    const { exitCode, stderr } = await runProgram('qemu-img', argv, { signal });
    if (exitCode !== 0) {
      if (isHostDiskFull(stderr)) throw hostDiskFull('making the disk of the VM');
      throw new OperationError(
        'IMAGE_UNREADABLE',
        `qemu-img could not create the VM’s disk: ${stderr.trim().slice(-200)}`,
      );
    }
    signal?.throwIfAborted();
    await rename(unfinished, diskPath);
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function assertGrows(
  { basePath, baseFormat }: OverlayRequest,
  sizeBytes: number,
  { signal }: Abortable,
): Promise<void> {
  const argv = ['info', '-U', '--output=json', '-f', baseFormat, basePath];
  const { exitCode, stdout, stderr } = await runProgram('qemu-img', argv, { signal });
  if (exitCode !== 0) {
    throw new OperationError(
      'IMAGE_UNREADABLE',
      `The disk’s base image could not be read: ${stderr.trim().slice(-200)}`,
    );
  }
  const info: unknown = JSON.parse(stdout);
  const baseBytes =
    typeof info === 'object' && info !== null && 'virtual-size' in info ? Number(info['virtual-size']) : Number.NaN;
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= baseBytes) return;
  const message = `The disk cannot be ${sizeBytes} bytes: its image has ${baseBytes}, and a disk cannot be smaller than its image.`;
  throw new OperationError('INVALID_ARGUMENT', message);
}
