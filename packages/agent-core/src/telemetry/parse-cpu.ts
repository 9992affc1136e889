/** The `cpu` line of /proc/stat (proc(5)), in ticks since boot. guest and guest_nice are parts of user and nice already. */
export interface CpuTicks {
  readonly user: bigint;
  readonly nice: bigint;
  readonly system: bigint;
  readonly idle: bigint;
  readonly iowait: bigint;
  readonly irq: bigint;
  readonly softirq: bigint;
  readonly steal: bigint;
  /** CPUs that are online. */
  readonly count: number;
}

/** undefined for text that is no /proc/stat. No expression over the whole text: it has a number for every interrupt. */
export function parseCpu(text: string): CpuTicks | undefined {
  if (!text.startsWith('cpu ')) return undefined;
  const words = firstLine(text).slice(4).trim().split(' ');
  for (const word of words) if (!/^\d+$/.test(word)) return undefined;
  const tick = (column: number): bigint => BigInt(words[column] ?? 0);
  let count = 0;
  for (let at = text.indexOf('\ncpu'); at >= 0; at = text.indexOf('\ncpu', at + 4)) count++;
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

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** Share of all CPUs that was busy between two samples, 0 to 100. iowait is not busy. undefined when time did not go on. */
export function busyPercent(before: CpuTicks, after: CpuTicks): number | undefined {
  const idle = Number(after.idle + after.iowait - before.idle - before.iowait);
  const all = Number(totalOf(after) - totalOf(before));
  // iowait may run backwards on a CPU that goes offline; the whole must not.
  if (all <= 0 || idle < 0 || idle > all) return undefined;
  return ((all - idle) / all) * 100;
}

function totalOf({ user, nice, system, idle, iowait, irq, softirq, steal }: CpuTicks): bigint {
  return user + nice + system + idle + iowait + irq + softirq + steal;
}
