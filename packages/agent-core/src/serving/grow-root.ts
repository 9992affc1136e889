import { errorMessage, type Log } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import { parseMounts } from '../telemetry/parse-mounts.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

/** Milliseconds until growing is given up: the kernel writes to each group of blocks that it adds. */
const growWithinMs = 10 * 60_000;
/** Maximum delay in milliseconds of the first welcome, so that the first command sees the new size. */
const welcomeWaitsMs = 500;
const sectorBytes = 512;

/** The types that the ext4 driver mounts, and grows. */
const growable = new Set(['ext2', 'ext3', 'ext4']);

/**
 * Grows the root file system to the size of its disk or partition, as after a VM was created with a larger disk than its
 * image. Once for each start of the agent, when a node that owns the VM allows it. One per agent.
 */
export class RootGrower {
  readonly #host: Host;
  readonly #log: Log;
  #isDone = false;

  constructor(host: Host, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Begins, unless it was done before; undefined when there is nothing to wait for. Never rejects. */
  begin(mayGrow: boolean): Promise<void> | undefined {
    if (!mayGrow || this.#isDone) return undefined;
    const sizeBytes = this.#deviceBytes();
    // Early in a boot, the root is still read-only.
    if (sizeBytes === undefined) return undefined;
    this.#isDone = true;
    const before = this.#totalBytes();
    const grown = this.#host.files.growExt('/', sizeBytes, growWithinMs).then(
      () => {
        const after = this.#totalBytes();
        if (after !== before) this.#log.info('root.grown', { from: before, to: after });
      },
      // EPERM without the right to do it, EINVAL when it cannot grow: it stays as it is.
      (error: unknown) => this.#log.warn('root.not-grown', { sizeBytes, error: errorMessage(error) }),
    );
    const late = new Promise<void>((resolve) => this.#host.clock.setTimer(welcomeWaitsMs, resolve));
    return Promise.race([grown, late]);
  }

  /** Size of the block device that the root is on, if it is on one and the kernel can grow it. */
  #deviceBytes(): number | undefined {
    try {
      const mounts = parseMounts(this.#host.files.readText('/proc/self/mountinfo', 1024 * 1024));
      const root = mounts.find(({ mountPoint }) => mountPoint === '/');
      if (root === undefined || root.readOnly || !growable.has(root.filesystem)) return undefined;
      const sectors = Number(readTrimmed(this.#host, `/sys/dev/block/${root.deviceNumber}/size`) ?? '');
      return Number.isSafeInteger(sectors) && sectors > 0 ? sectors * sectorBytes : undefined;
    } catch {
      // Without /proc, as in an early boot.
      return undefined;
    }
  }

  #totalBytes(): number {
    return this.#host.files.statVfs('/').totalBytes;
  }
}
