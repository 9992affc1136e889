import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MountSchema } from '@innkeeper/contract/agent';
import type { Host, StatVfs } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { canHang, type MountEntry, parseMounts } from './parse-mounts.ts';
import { readTrimmed } from './read-trimmed.ts';
import { Remembered } from './remembered.ts';

/** Milliseconds to wait for a remote file system. */
const answerWithinMs = 1000;
/** Maximum number of mounts in a report. */
export const maxMounts = 256;
/** Maximum number of mounts that are queried to find the fullest: more are a mount bomb. */
const maxRanked = 4096;
/** Of /proc/self/mountinfo. */
const maxTableBytes = 4 * 1024 * 1024;

type MountInit = MessageInitShape<typeof MountSchema>;

/** The fields of a mount other than its figures. */
interface MountFacts {
  readonly base: Required<Pick<MountInit, 'mountPoint' | 'device' | 'filesystem' | 'readOnly'>>;
  readonly canHang: boolean;
  /** The file with the number of errors; undefined if this file system does not count them. */
  readonly errorsFile: string | undefined;
}

export interface MountsSample {
  readonly mounts: MountInit[];
  /** Number of mounts that are not among them. */
  readonly omitted: number;
}

/** Queries every file system; those that may hang in a helper, one query at a time per mount. */
export class MountSampler {
  readonly #host: Host;
  readonly #asking = new Set<string>();
  readonly #known: Remembered<{ readonly kept: readonly MountFacts[]; readonly omitted: number }>;

  constructor(host: Host) {
    this.#host = host;
    this.#known = new Remembered(host.clock);
  }

  /** `changes` as ChangeWatch counts them: the mount table is only read again when it increased. */
  async sample(changes?: number): Promise<MountsSample> {
    const { kept, omitted } = this.#known.get(changes, () => this.#readTable());
    const waiting: Promise<unknown>[] = [];
    const mounts = kept.map((mount, place) => {
      if (!mount.canHang) return this.#askDirectly(mount);
      waiting.push(
        this.#askInHelper(mount.base.mountPoint).then(
          (figures) => {
            mounts[place] = this.#withFigures(mount, figures);
          },
          (error: unknown) => {
            mounts[place] = failed(mount, error);
          },
        ),
      );
      return mount.base;
    }) as MountInit[];
    if (waiting.length > 0) await Promise.all(waiting);
    return { mounts, omitted };
  }

  #readTable(): { readonly kept: readonly MountFacts[]; readonly omitted: number } {
    const entries = parseMounts(this.#host.files.readNames('/proc/self/mountinfo', maxTableBytes));
    const kept = entries.length <= maxMounts ? entries : this.#fullest(entries);
    return { kept: kept.map((entry) => this.#factsOf(entry)), omitted: entries.length - kept.length };
  }

  /** The root, then the fullest; in the order of the table. */
  #fullest(entries: readonly MountEntry[]): MountEntry[] {
    const kept = new Set(
      entries
        .slice(0, maxRanked)
        .map((entry) => ({ entry, share: entry.mountPoint === '/' ? 2 : this.#usedShare(entry) }))
        .sort((a, b) => b.share - a.share)
        .slice(0, maxMounts)
        .map(({ entry }) => entry),
    );
    return entries.filter((entry) => kept.has(entry));
  }

  /** 0 to 1. What cannot be asked without risk counts as half full. */
  #usedShare({ mountPoint, filesystem }: MountEntry): number {
    if (canHang(filesystem)) return 0.5;
    try {
      const { totalBytes, availableBytes } = this.#host.files.statVfs(mountPoint);
      return totalBytes === 0 ? 0 : 1 - availableBytes / totalBytes;
    } catch {
      // It was unmounted meanwhile.
      return 0;
    }
  }

  #factsOf({ mountPoint, device, filesystem, readOnly, deviceNumber }: MountEntry): MountFacts {
    const base = { mountPoint, device, filesystem, readOnly };
    return { base, canHang: canHang(filesystem), errorsFile: this.#errorsFile(filesystem, deviceNumber) };
  }

  /** ext4 also drives ext2 and ext3 (Documentation/ABI/testing/sysfs-fs-ext4). */
  #errorsFile(filesystem: string, deviceNumber: string): string | undefined {
    if (!/^ext[234]$/.test(filesystem)) return undefined;
    try {
      const name = this.#host.files.readLink(`/sys/dev/block/${deviceNumber}`).split('/').at(-1);
      return `/sys/fs/ext4/${name}/errors_count`;
    } catch {
      // ENOENT: without sysfs, or in a container.
      return undefined;
    }
  }

  #askDirectly(mount: MountFacts): MountInit {
    try {
      return this.#withFigures(mount, this.#host.files.statVfs(mount.base.mountPoint));
    } catch (error) {
      return failed(mount, error);
    }
  }

  /** used as in df: total minus what is free for root. File systems without inodes (vfat, btrfs) report 0 of 0. */
  #withFigures({ base, errorsFile }: MountFacts, figures: StatVfs): MountInit {
    const { mountPoint, device, filesystem, readOnly } = base;
    const { totalBytes, freeBytes, inodesTotal } = figures;
    const mount: MountInit = {
      mountPoint,
      device,
      filesystem,
      // An error makes a file system read-only without a change of the mount table that the kernel reports.
      readOnly: readOnly || figures.readOnly,
      totalBytes: BigInt(totalBytes),
      availableBytes: BigInt(figures.availableBytes),
    };
    // A file system in user space may report anything.
    if (freeBytes <= totalBytes) mount.usedBytes = BigInt(totalBytes - freeBytes);
    if (inodesTotal !== 0) {
      mount.inodesTotal = BigInt(inodesTotal);
      mount.inodesFree = BigInt(figures.inodesFree);
    }
    const errors = errorsFile === undefined ? undefined : readTrimmed(this.#host, errorsFile);
    if (errors !== undefined && /^\d+$/.test(errors)) mount.errorsCount = BigInt(errors);
    return mount;
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

function failed({ base }: MountFacts, error: unknown): MountInit {
  return { ...base, error: isHostError(error) ? error.message : String(error) };
}
