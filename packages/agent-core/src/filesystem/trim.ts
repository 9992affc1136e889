import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TrimmedFilesystemSchema, TrimRequest, TrimResponseSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedFilesystems } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import type { Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';
import { checkMountPoints } from './freeze-manager.ts';
import { type DiskFilesystem, listFilesystems } from './list-filesystems.ts';

type TrimmedInit = MessageInitShape<typeof TrimmedFilesystemSchema>;

/** Milliseconds for one file system; a helper that takes longer is killed, which ends its trim. */
const trimTimeoutMs = 300_000;

/** Trims one file system after the other, those on which others lie last, so that what those freed is passed on. */
export async function trim(
  host: Host,
  { mountPoints, minimumBytes }: TrimRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof TrimResponseSchema>> {
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
  const results: TrimmedInit[] = [];
  let filesystemsOmitted = 0;
  const room = new AnswerRoom();
  const add = (result: TrimmedInit & { mountPoint: string; device: string; filesystem: string }): void => {
    const { mountPoint, device, filesystem, error = '' } = result;
    const fits = results.length < maxReportedFilesystems && room.take([mountPoint, device, filesystem, error], 16);
    if (fits) results.push(result);
    else filesystemsOmitted++;
  };
  for (const { entry } of wanted) {
    signal.throwIfAborted();
    const { mountPoint, device, filesystem } = entry;
    const base = { mountPoint, device, filesystem };
    try {
      const bytes = await host.freezer.trim(mountPoint, Number(minimumBytes), trimTimeoutMs);
      add({ ...base, trimmedBytes: BigInt(bytes) });
    } catch (error) {
      add({ ...base, error: errorOf(error), unsupported: isUnsupported(error) });
    }
  }
  return { filesystems: results, filesystemsOmitted };
}

function isUnsupported(error: unknown): boolean {
  return hasErrno(error, 'ENOTSUP', 'ENOTTY');
}

function errorOf(error: unknown): string {
  if (isUnsupported(error)) return 'this file system or its disk cannot trim';
  return isHostError(error) ? error.errno : String(error);
}
