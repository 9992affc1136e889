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

/** undefined for text that is no /proc/stat. */
export function parseCpu(text: string): CpuTicks | undefined {
  const line = /^cpu +(.*)$/m.exec(text)?.[1];
  const words = line?.trim().split(/ +/);
  if (words === undefined || !words.every((word) => /^\d+$/.test(word))) return undefined;
  const [user = 0n, nice = 0n, system = 0n, idle = 0n, iowait = 0n, irq = 0n, softirq = 0n, steal = 0n] = words.map(
    (word) => BigInt(word),
  );
  const count = (text.match(/^cpu\d+ /gm) ?? []).length;
  return { user, nice, system, idle, iowait, irq, softirq, steal, count };
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
