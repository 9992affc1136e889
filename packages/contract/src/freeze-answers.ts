import { OperationError } from './errors/index.ts';
import { FilesystemVerdict } from './gen/agent/v1/filesystem_lite.ts';
import type { FreezeReport } from './gen/agent/v1/filesystem_pb.ts';

/** A file system in the answer of a foreign quiesce. */
export interface FrozenFilesystem {
  readonly mountPoint: string;
  readonly device: string;
  readonly filesystem: string;
  readonly frozen: boolean;
  /** Why it is not frozen. */
  readonly error: string;
}

/** How long a foreign quiesce lasts if its request does not say. */
export const defaultQuiesceSeconds = 60;

/** Refuses a folder of hooks (`pre-freeze.d`, `post-thaw.d`) that is not known: a request must not name programs to run. */
export function checkHookFolder(folder: string, name: 'pre-freeze.d' | 'post-thaw.d'): void {
  const known = [`/etc/limiquantix/${name}`, `/etc/innkeeper/${name}`];
  if (folder !== '' && !known.includes(folder.replace(/\/$/, '')))
    throw new OperationError('INVALID_ARGUMENT', `Hooks are only run from ${known.join(' and ')}.`);
}

/** The file systems of a report that are frozen, and those that failed. Others were left out. */
export function frozenFilesystems({ filesystems }: Pick<FreezeReport, 'filesystems'>): FrozenFilesystem[] {
  return filesystems
    .filter(({ verdict }) => verdict === FilesystemVerdict.FROZEN || verdict === FilesystemVerdict.FAILED)
    .map(({ mountPoint, device, filesystem, verdict, error }) => ({
      mountPoint,
      device,
      filesystem,
      frozen: verdict === FilesystemVerdict.FROZEN,
      error,
    }));
}

/** The mount points of a report that were frozen. */
export function frozenMountPoints(report: Pick<FreezeReport, 'filesystems'>): string[] {
  return frozenFilesystems(report)
    .filter(({ frozen }) => frozen)
    .map(({ mountPoint }) => mountPoint);
}
