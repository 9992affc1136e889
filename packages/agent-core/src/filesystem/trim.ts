import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TrimmedFilesystemSchema, TrimRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedFilesystems } from '@innkeeper/contract/limits';
import type { Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';
import { checkMountPoints } from './freeze-manager.ts';
import { type DiskFilesystem, listFilesystems } from './list-filesystems.ts';

/** Milliseconds for one file system; a helper that takes longer is killed, which ends its trim. */
const trimTimeoutMs = 300_000;

/** Trims one file system after the other, those on which others lie last, so that what those freed is passed on. */
export async function trim(
  host: Host,
  { mountPoints, minimumBytes }: TrimRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof TrimmedFilesystemSchema>[]> {
  checkMountPoints(mountPoints);
  if (minimumBytes > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OperationError('INVALID_ARGUMENT', 'minimum_bytes is larger than any disk.');
  const { disks } = listFilesystems(host);
  const isAt = ({ entry, others }: DiskFilesystem, path: string): boolean =>
    entry.mountPoint === path || others.some(({ mountPoint }) => mountPoint === path);
  for (const path of mountPoints)
    if (!disks.some((disk) => isAt(disk, path)))
      throw new OperationError('MOUNT_NOT_FOUND', `No file system of a disk is mounted at ${path}.`);
  const wanted = disks.filter(
    (disk) => !disk.readOnly && (mountPoints.length === 0 || mountPoints.some((path) => isAt(disk, path))),
  );
  const results: MessageInitShape<typeof TrimmedFilesystemSchema>[] = [];
  for (const { entry } of wanted.slice(0, maxReportedFilesystems)) {
    signal.throwIfAborted();
    const { mountPoint, device, filesystem } = entry;
    const base = { mountPoint, device, filesystem };
    try {
      const bytes = await host.freezer.trim(mountPoint, Number(minimumBytes), trimTimeoutMs);
      results.push({ ...base, trimmedBytes: BigInt(bytes) });
    } catch (error) {
      results.push({ ...base, error: errorOf(error), unsupported: isUnsupported(error) });
    }
  }
  return results;
}

function isUnsupported(error: unknown): boolean {
  return hasErrno(error, 'ENOTSUP', 'ENOTTY');
}

function errorOf(error: unknown): string {
  if (isUnsupported(error)) return 'this file system or its disk cannot trim';
  return isHostError(error) ? error.errno : String(error);
}
