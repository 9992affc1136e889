import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { backingName } from './backing-file.ts';
import { planRootGrowth } from './grow-partition.ts';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import type { ImageFormat } from './inspect-image.ts';
import { openRandomAccess } from './random-access.ts';

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
 * nothing behind on failure. A disk that is larger than its base has room for a larger root: the last partition is
 * extended, and resolves to why the root will not grow at the first boot; undefined when it will, or need not. Rejects with HOST_DISK_FULL, INVALID_ARGUMENT when the size is less than the base's, or
 * IMAGE_UNREADABLE.
 */
export async function createOverlay(request: OverlayRequest, { signal }: Abortable = {}): Promise<string | undefined> {
  const { basePath, baseFormat, diskPath } = request;
  const sizeBytes = Number(request.sizeBytes);
  const isLarger = sizeBytes !== 0 && (await assertGrows(request, sizeBytes, { signal }));
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
    const whyNot = isLarger ? await makeRoomForRoot(request, unfinished, sizeBytes, { signal }) : undefined;
    signal?.throwIfAborted();
    await rename(unfinished, diskPath);
    return whyNot;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Extends the last partition on the overlay. Resolves to why the root does not grow; undefined when it does. */
async function makeRoomForRoot(
  { basePath, baseFormat }: OverlayRequest,
  overlay: string,
  sizeBytes: number,
  { signal }: Abortable,
): Promise<string | undefined> {
  if (baseFormat !== 'raw') return 'the agent is not in this image';
  await using disk = await openRandomAccess(basePath);
  const plan = await planRootGrowth(disk, sizeBytes);
  if (!plan.grows) return plan.why;
  if (plan.writes.length === 0) return undefined;
  const directory = await mkdtemp(join(dirname(overlay), '.table-'));
  try {
    const commands: string[] = [];
    for (const [index, { offsetBytes, bytes }] of plan.writes.entries()) {
      await writeFile(join(directory, `${index}`), bytes);
      // By relative names, since qemu-io splits its commands at spaces.
      commands.push('-c', `write -q -s ${index} ${offsetBytes} ${bytes.length}`);
    }
    const argv = ['-f', 'qcow2', ...commands, overlay];
    const { exitCode, stdout, stderr } = await runProgram('qemu-io', argv, { signal, cwd: directory });
    if (exitCode === 0) return undefined;
    if (isHostDiskFull(stdout + stderr)) throw hostDiskFull('making the disk of the VM');
    throw new OperationError(
      'IMAGE_UNREADABLE',
      `qemu-io could not write the partition table: ${stderr.trim().slice(-200)}`,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether the disk is larger than its base. Rejects with INVALID_ARGUMENT when it is smaller. */
async function assertGrows(
  { basePath, baseFormat }: OverlayRequest,
  sizeBytes: number,
  { signal }: Abortable,
): Promise<boolean> {
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
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= baseBytes) return sizeBytes > baseBytes;
  const message = `The disk cannot be ${sizeBytes} bytes: its image has ${baseBytes}, and a disk cannot be smaller than its image.`;
  throw new OperationError('INVALID_ARGUMENT', message);
}
