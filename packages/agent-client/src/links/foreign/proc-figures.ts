import type { ForeignTelemetry } from './foreign-agent.ts';

/**
 * Figures from the text of files of a guest's /proc, for agents that can read files and have no better word for it. A file
 * that is not there, or a line that is not as expected, leaves its figures absent.
 */
export function procFigures(textOf: (path: string) => string | undefined): ForeignTelemetry {
  const figures: ForeignTelemetry = {};
  const cpu = cpuOf(textOf('/proc/stat') ?? '');
  if (cpu !== undefined) figures.cpu = cpu;
  const memory = memoryOf(textOf('/proc/meminfo') ?? '');
  if (memory !== undefined) figures.memory = memory;
  const [one, five, fifteen] = (textOf('/proc/loadavg') ?? '').split(' ');
  if ([one, five, fifteen].every(isDecimal))
    figures.load = { oneMinute: Number(one), fiveMinutes: Number(five), fifteenMinutes: Number(fifteen) };
  const [uptime] = (textOf('/proc/uptime') ?? '').split(' ');
  if (isDecimal(uptime)) figures.uptimeSeconds = BigInt(Math.floor(Number(uptime)));
  return figures;
}

function isDecimal(word: string | undefined): boolean {
  return word !== undefined && /^\d{1,12}(\.\d{1,9})?$/.test(word);
}

function cpuOf(stat: string): ForeignTelemetry['cpu'] {
  // Each space belongs to one repetition alone: otherwise a line of digits would take exponential time.
  const [, line] = /^cpu +(\d{1,18}(?: +\d{1,18})*) *$/m.exec(stat) ?? [];
  if (line === undefined) return undefined;
  const ticks = line.split(/ +/).map(BigInt);
  const at = (index: number): bigint => ticks[index] ?? 0n;
  return {
    count: [...stat.matchAll(/^cpu\d+ /gm)].length,
    userTicks: at(0),
    niceTicks: at(1),
    systemTicks: at(2),
    idleTicks: at(3),
    iowaitTicks: at(4),
    irqTicks: at(5),
    softirqTicks: at(6),
    stealTicks: at(7),
  };
}

function memoryOf(meminfo: string): ForeignTelemetry['memory'] {
  const kib = new Map(
    [...meminfo.matchAll(/^(\w+): +(\d{1,15}) kB$/gm)].map(([, name = '', value = '']) => [name, BigInt(value)]),
  );
  const bytes = (name: string): bigint | undefined => {
    const found = kib.get(name);
    return found === undefined ? undefined : found * 1024n;
  };
  const [total, available] = [bytes('MemTotal'), bytes('MemAvailable')];
  if (total === undefined) return undefined;
  const fields = {
    totalBytes: total,
    availableBytes: available,
    usedBytes: available === undefined || available > total ? undefined : total - available,
    freeBytes: bytes('MemFree'),
    cachedBytes: bytes('Cached'),
    buffersBytes: bytes('Buffers'),
    slabReclaimableBytes: bytes('SReclaimable'),
    swapTotalBytes: bytes('SwapTotal'),
    swapFreeBytes: bytes('SwapFree'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

type Cpu = NonNullable<ForeignTelemetry['cpu']>;

/** The share of all CPUs that was busy between two samples; undefined if the counters did not advance. */
export function busyPercent(before: Cpu, now: Cpu): number | undefined {
  const idle = (cpu: Cpu): bigint => (cpu.idleTicks ?? 0n) + (cpu.iowaitTicks ?? 0n);
  const all = (cpu: Cpu): bigint =>
    idle(cpu) +
    [cpu.userTicks, cpu.niceTicks, cpu.systemTicks, cpu.irqTicks, cpu.softirqTicks, cpu.stealTicks].reduce<bigint>(
      (sum, ticks) => sum + (ticks ?? 0n),
      0n,
    );
  const total = all(now) - all(before);
  const rest = idle(now) - idle(before);
  if (total <= 0n || rest < 0n || rest > total) return undefined;
  return (Number(total - rest) / Number(total)) * 100;
}
