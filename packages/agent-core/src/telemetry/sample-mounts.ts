import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MountSchema } from '@innkeeper/contract/agent';
import type { Host, StatVfs } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { canHang, type MountEntry, parseMounts } from './parse-mounts.ts';
import { Remembered } from './remembered.ts';

/** Milliseconds to wait for a remote file system. */
const answerWithinMs = 1000;
/** Maximum number of mounts in a report: more are a mount bomb. */
const maxMounts = 256;

type MountInit = MessageInitShape<typeof MountSchema>;

/** The fields of a mount other than its figures. */
interface MountFacts {
  readonly base: Required<Pick<MountInit, 'mountPoint' | 'device' | 'filesystem' | 'readOnly'>>;
  readonly canHang: boolean;
}

/** Queries every file system; those that may hang in a helper, one query at a time per mount. */
export class MountSampler {
  readonly #host: Host;
  readonly #asking = new Set<string>();
  readonly #known: Remembered<readonly MountFacts[]>;

  constructor(host: Host) {
    this.#host = host;
    this.#known = new Remembered(host.clock);
  }

  /** `changes` as ChangeWatch counts them: the mount table is only read again when it increased. */
  async sample(changes?: number): Promise<MountInit[]> {
    const known = this.#known.get(changes, () =>
      parseMounts(this.#host.files.readText('/proc/self/mountinfo', 1024 * 1024))
        .slice(0, maxMounts)
        .map(knownOf),
    );
    const waiting: Promise<unknown>[] = [];
    const mounts = known.map((mount, place) => {
      if (!mount.canHang) return this.#askDirectly(mount);
      waiting.push(
        this.#askInHelper(mount.base.mountPoint).then(
          (figures) => {
            mounts[place] = withFigures(mount, figures);
          },
          (error: unknown) => {
            mounts[place] = failed(mount, error);
          },
        ),
      );
      return mount.base;
    }) as MountInit[];
    if (waiting.length > 0) await Promise.all(waiting);
    return mounts;
  }

  #askDirectly(mount: MountFacts): MountInit {
    try {
      return withFigures(mount, this.#host.files.statVfs(mount.base.mountPoint));
    } catch (error) {
      return failed(mount, error);
    }
  }

  async #askInHelper(mountPoint: string): Promise<StatVfs> {
    if (this.#asking.has(mountPoint)) throw new Error('the previous query has not been answered yet');
    this.#asking.add(mountPoint);
    try {
      return await this.#host.files.statVfsInHelper(mountPoint, answerWithinMs);
    } finally {
      this.#asking.delete(mountPoint);
    }
  }
}

function knownOf({ mountPoint, device, filesystem, readOnly }: MountEntry): MountFacts {
  return { base: { mountPoint, device, filesystem, readOnly }, canHang: canHang(filesystem) };
}

function failed({ base }: MountFacts, error: unknown): MountInit {
  return { ...base, error: isHostError(error) ? error.message : String(error) };
}

/** used as in df: total minus what is free for root. File systems without inodes (vfat, btrfs) report 0 of 0. */
function withFigures({ base }: MountFacts, figures: StatVfs): MountInit {
  const { mountPoint, device, filesystem, readOnly } = base;
  const { totalBytes, freeBytes, inodesTotal } = figures;
  const mount: MountInit = {
    mountPoint,
    device,
    filesystem,
    readOnly,
    totalBytes: BigInt(totalBytes),
    availableBytes: BigInt(figures.availableBytes),
  };
  // A file system in user space may report anything.
  if (freeBytes <= totalBytes) mount.usedBytes = BigInt(totalBytes - freeBytes);
  if (inodesTotal !== 0) {
    mount.inodesTotal = BigInt(inodesTotal);
    mount.inodesFree = BigInt(figures.inodesFree);
  }
  return mount;
}
