import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FreezeRequest, FrozenFilesystemSchema } from '@innkeeper/contract/agent';
import { FilesystemVerdict as Verdict } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedFilesystems } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import type { FreezeTarget } from '../freezer.ts';
import type { Host } from '../host.ts';
import { canHang, type MountEntry } from '../telemetry/parse-mounts.ts';
import { type DiskFilesystem, type Filesystems, listFilesystems } from './list-filesystems.ts';

type VerdictInit = MessageInitShape<typeof FrozenFilesystemSchema>;

/** What one helper holds: MAX_MOUNTS of freezer.c. */
const maxFrozen = 256;
/** Of a verdict, besides its texts. */
const verdictBytes = 8;
/** What FIFREEZE answers for a type without it. */
const unsupported = new Set(['ENOTSUP', 'ENOTTY', 'ENOSYS']);
/** The mount is gone, or hidden by another: nothing can be opened there. */
const hidden = new Set(['ESTALE', 'ENOENT', 'ENOTDIR']);

/** The file systems of one freeze, with a verdict for each. */
export class FreezeVerdicts {
  /** In the order in which they are frozen. */
  readonly targets: readonly FreezeTarget[];
  readonly #disks: readonly DiskFilesystem[];
  readonly #own: VerdictInit[];
  readonly #rest: readonly VerdictInit[];

  private constructor(disks: readonly DiskFilesystem[], rest: readonly VerdictInit[]) {
    this.#disks = disks;
    this.#own = disks.map(({ entry }) => describe(entry, Verdict.UNSPECIFIED));
    this.#rest = rest;
    this.targets = disks.map(({ entry }) => ({ mountPoint: entry.mountPoint, device: numbersOf(entry) }));
  }

  /**
   * Of the file systems that a request names; of all if it names none.
   * @throws OperationError MOUNT_NOT_FOUND; FREEZE_FAILED for too many, since a copy without some of them would be torn
   */
  static of(
    host: Host,
    { mountPoints, skipUnmounted }: Pick<FreezeRequest, 'mountPoints' | 'skipUnmounted'>,
  ): FreezeVerdicts {
    const all = listFilesystems(host);
    const wanted = mountPoints.length === 0 ? all : only(all, mountPoints, skipUnmounted);
    const frozen = wanted.disks.filter((disk) => !disk.readOnly && !canHang(disk.entry.filesystem));
    if (frozen.length > maxFrozen)
      throw new OperationError(
        'FREEZE_FAILED',
        `This guest has ${frozen.length} file systems to freeze, and one freeze holds at most ${maxFrozen}.`,
      );
    const rest = wanted.disks
      .filter((disk) => !frozen.includes(disk))
      .map(({ entry, readOnly }) => describe(entry, readOnly ? Verdict.READ_ONLY : Verdict.UNSUPPORTED));
    const bound = wanted.disks.flatMap(({ entry, others }) =>
      others.map((other) => ({ ...describe(other, Verdict.COVERED), coveredBy: entry.mountPoint })),
    );
    const elsewhere = wanted.rest.map(({ entry, storedOn }) =>
      storedOn === undefined
        ? describe(entry, Verdict.NOT_ON_DISK)
        : { ...describe(entry, Verdict.COVERED), coveredBy: storedOn.entry.mountPoint },
    );
    return new FreezeVerdicts(frozen, [...rest, ...bound, ...elsewhere]);
  }

  get frozenCount(): number {
    return this.#own.filter(({ verdict }) => verdict === Verdict.FROZEN).length;
  }

  /** Those that may be frozen, upper ones first. */
  get mountPoints(): string[] {
    return this.#disks.map(({ entry }) => entry.mountPoint);
  }

  /** Takes the result of an open or freeze. Returns why the whole freeze has to be given up, if so. */
  take(target: number, kind: 'opened' | 'frozen', errno: string | undefined): string | undefined {
    const own = this.#own[target];
    if (own === undefined || (kind === 'opened' && errno === undefined)) return undefined;
    const isHidden = kind === 'opened' && errno !== undefined && hidden.has(errno);
    this.#own[target] = { ...own, verdict: verdictOf(errno), error: errorOf(errno, isHidden) };
    if (this.#own[target].verdict !== Verdict.FAILED || isHidden) return undefined;
    return `${own.mountPoint} (${own.filesystem}) cannot be frozen: ${errno}.`;
  }

  list(): { filesystems: VerdictInit[]; filesystemsOmitted: number } {
    const all = [...this.#own, ...this.#rest];
    const room = new AnswerRoom();
    const fits = ({
      mountPoint = '',
      device = '',
      filesystem = '',
      coveredBy = '',
      error = '',
    }: VerdictInit): boolean => room.take([mountPoint, device, filesystem, coveredBy, error], verdictBytes);
    const end = all.slice(0, maxReportedFilesystems).findIndex((each) => !fits(each));
    const filesystems = all.slice(0, end < 0 ? maxReportedFilesystems : end);
    return { filesystems, filesystemsOmitted: all.length - filesystems.length };
  }
}

function only({ disks, rest }: Filesystems, mountPoints: readonly string[], skipUnmounted: boolean): Filesystems {
  const known = new Set([...disks.flatMap(mountPointsOf), ...rest.map(({ entry }) => entry.mountPoint)]);
  const missing = mountPoints.find((wanted) => !known.has(wanted));
  if (missing !== undefined && !(skipUnmounted && mountPoints.some((wanted) => known.has(wanted))))
    throw new OperationError('MOUNT_NOT_FOUND', `No file system is mounted at ${missing}.`);
  const wanted = new Set(mountPoints);
  return {
    disks: disks.filter((disk) => mountPointsOf(disk).some((path) => wanted.has(path))),
    rest: rest.filter(({ entry }) => wanted.has(entry.mountPoint)),
  };
}

function mountPointsOf({ entry, others }: DiskFilesystem): string[] {
  return [entry, ...others].map(({ mountPoint }) => mountPoint);
}

function describe({ mountPoint, device, filesystem }: MountEntry, verdict: Verdict): VerdictInit {
  return { mountPoint, device, filesystem, verdict };
}

/** undefined for types whose files have another number than the mount, as btrfs. */
function numbersOf({ deviceNumber }: MountEntry): FreezeTarget['device'] {
  const [major = 0, minor = 0] = deviceNumber.split(':').map(Number);
  return major === 0 ? undefined : { major, minor };
}

function verdictOf(errno: string | undefined): Verdict {
  if (errno === undefined) return Verdict.FROZEN;
  if (errno === 'EBUSY') return Verdict.FROZEN_BY_OTHERS;
  return unsupported.has(errno) ? Verdict.UNSUPPORTED : Verdict.FAILED;
}

function errorOf(errno: string | undefined, isHidden: boolean): string {
  if (isHidden) return 'hidden by another mount, or unmounted';
  return errno === undefined || unsupported.has(errno) || errno === 'EBUSY' ? '' : errno;
}
