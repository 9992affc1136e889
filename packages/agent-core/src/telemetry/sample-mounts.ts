import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MountSchema } from '@innkeeper/contract/agent';
import type { Host, StatVfs } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { canHang, type MountEntry, parseMounts } from './parse-mounts.ts';

/** Milliseconds that a remote file system has to answer. */
const answerWithinMs = 1000;
/** Mounts shown at most: a guest with more has a mount bomb. */
const maxMounts = 256;

type MountInit = MessageInitShape<typeof MountSchema>;

/** Asks every file system for its figures; those that may hang in a helper, one at a time for each mount. */
export class MountSampler {
  readonly #host: Host;
  readonly #asking = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  async sample(): Promise<MountInit[]> {
    const entries = parseMounts(this.#host.files.readText('/proc/self/mountinfo', 1024 * 1024)).slice(0, maxMounts);
    return await Promise.all(entries.map((entry) => this.#sampleOne(entry)));
  }

  async #sampleOne(entry: MountEntry): Promise<MountInit> {
    const base = {
      mountPoint: entry.mountPoint,
      device: entry.device,
      filesystem: entry.filesystem,
      readOnly: entry.readOnly,
    };
    try {
      return {
        ...base,
        ...figuresOf(
          canHang(entry.filesystem)
            ? await this.#askInHelper(entry.mountPoint)
            : this.#host.files.statVfs(entry.mountPoint),
        ),
      };
    } catch (error) {
      return { ...base, error: isHostError(error) ? error.message : String(error) };
    }
  }

  async #askInHelper(mountPoint: string): Promise<StatVfs> {
    if (this.#asking.has(mountPoint)) throw new Error('the last question has not been answered yet');
    this.#asking.add(mountPoint);
    try {
      return await this.#host.files.statVfsInHelper(mountPoint, answerWithinMs);
    } finally {
      this.#asking.delete(mountPoint);
    }
  }
}

/** used is what df calls so: total without what is free for root. A file system without inodes (vfat, btrfs) says 0 of 0. */
function figuresOf(figures: StatVfs) {
  return {
    totalBytes: BigInt(figures.totalBytes),
    // A file system in user space may say what it likes.
    ...(figures.freeBytes > figures.totalBytes ? {} : { usedBytes: BigInt(figures.totalBytes - figures.freeBytes) }),
    availableBytes: BigInt(figures.availableBytes),
    ...(figures.inodesTotal === 0
      ? {}
      : { inodesTotal: BigInt(figures.inodesTotal), inodesFree: BigInt(figures.inodesFree) }),
  };
}
