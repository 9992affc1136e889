import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HostUsageSchema } from '@innkeeper/contract/control';

type Usage = Exclude<MessageInitShape<typeof HostUsageSchema>, { $typeName: string }>;

/** Times of all CPUs since the boot, in milliseconds. */
export interface CpuTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Measures what the host uses; CPU time is counted between two calls. */
export class HostMeter {
  readonly #readTimes: () => CpuTimes;
  #before: CpuTimes | undefined;

  constructor(readTimes: () => CpuTimes = cpuTimes) {
    this.#readTimes = readTimes;
  }

  /** The usage now, for a data folder. What cannot be read is absent. */
  async measure(dataFolder: string): Promise<Usage> {
    const [memoryAvailableBytes, disk, osName] = await Promise.all([
      readFile('/proc/meminfo', 'utf8').then(memoryAvailable, () => undefined),
      statfs(dataFolder, { bigint: true }).catch(() => undefined),
      readFile('/etc/os-release', 'utf8').then(prettyName, () => ''),
    ]);
    const all = cpus();
    return {
      cpus: all.length,
      cpuModel: all[0]?.model ?? '',
      cpuBusyPercent: this.#busyPercent(),
      load: loadavg(),
      memoryTotalBytes: BigInt(totalmem()),
      memoryAvailableBytes,
      diskTotalBytes: disk === undefined ? undefined : disk.blocks * disk.bsize,
      diskAvailableBytes: disk === undefined ? undefined : disk.bavail * disk.bsize,
      osName,
      kernelRelease: release(),
      architecture: arch(),
    };
  }

  #busyPercent(): number | undefined {
    const [before, now] = [this.#before, this.#readTimes()];
    this.#before = now;
    const totalMs = now.totalMs - (before?.totalMs ?? now.totalMs);
    // The kernel counts in steps of 10 ms; over a shorter time the figure would be noise.
    return before === undefined || totalMs < 100 ? undefined : ((now.busyMs - before.busyMs) / totalMs) * 100;
  }
}

/** "MemAvailable" of /proc/meminfo in bytes; undefined if it is missing. */
export function memoryAvailable(meminfo: string): bigint | undefined {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  return kib === undefined ? undefined : BigInt(kib) * 1024n;
}

/** "PRETTY_NAME" of /etc/os-release; empty if it is missing. */
export function prettyName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? '';
}

function cpuTimes(): CpuTimes {
  let [busyMs, totalMs] = [0, 0];
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    totalMs += all;
    busyMs += all - times.idle;
  }
  return { busyMs, totalMs };
}
