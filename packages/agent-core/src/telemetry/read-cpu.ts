import type { NumberFile } from './number-file.ts';

/** The `cpu` line of /proc/stat (proc(5)), in ticks since boot. guest and guest_nice are included in user and nice. */
export interface CpuTicks {
  readonly user: bigint;
  readonly nice: bigint;
  readonly system: bigint;
  readonly idle: bigint;
  readonly iowait: bigint;
  readonly irq: bigint;
  readonly softirq: bigint;
  readonly steal: bigint;
  /** Number of online CPUs. */
  readonly count: number;
}

/** undefined if it cannot be read. */
export function readCpu(file: NumberFile): CpuTicks | undefined {
  for (;;) {
    const numbers = file.read('/proc/stat');
    const columns = lineLength(numbers, file.count, 0);
    if (columns === 0) return undefined;
    // The lines of single CPUs follow, with as many columns as the total. No other line has that many.
    let count = 0;
    let at = columns + 1;
    while (at < file.count && lineLength(numbers, file.count, at) === columns) {
      count += 1;
      at += columns + 1;
    }
    // Cut off within what may be another CPU's line.
    if (file.count === numbers.length && file.count - at <= columns && file.grow()) continue;
    const tick = (column: number): bigint => (column < columns ? BigInt(numbers[column] ?? 0) : 0n);
    return {
      user: tick(0),
      nice: tick(1),
      system: tick(2),
      idle: tick(3),
      iowait: tick(4),
      irq: tick(5),
      softirq: tick(6),
      steal: tick(7),
      count,
    };
  }
}

/** Numbers in the line that starts at `start`, at most 16; 0 if its end is missing. */
function lineLength(numbers: Float64Array, count: number, start: number): number {
  const end = Math.min(count, start + 17);
  let at = start;
  // Also false for NaN.
  while (at < end && (numbers[at] as number) >= 0) at += 1;
  return at === end ? 0 : at - start;
}

/** Busy share of all CPUs between two samples, 0 to 100. iowait is not busy. undefined if no time passed. */
export function busyPercent(before: CpuTicks, after: CpuTicks): number | undefined {
  const idle = Number(after.idle + after.iowait - before.idle - before.iowait);
  const all = Number(totalOf(after) - totalOf(before));
  // iowait may decrease when a CPU goes offline; the total must not.
  if (all <= 0 || idle < 0 || idle > all) return undefined;
  return ((all - idle) / all) * 100;
}

function totalOf({ user, nice, system, idle, iowait, irq, softirq, steal }: CpuTicks): bigint {
  return user + nice + system + idle + iowait + irq + softirq + steal;
}
