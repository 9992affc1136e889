import type { NetworkInterface, Telemetry } from '@innkeeper/contract/agent';

export type MetricSource = 'agent' | 'hypervisor';
export type MetricUnit = 'percent' | 'bytes' | 'bytes_per_second' | 'count';

/** A measured value. Values that were not measured have no point. */
export interface MetricPoint {
  /** At most 80 characters. */
  readonly metric: string;
  readonly value: number;
}

/** Counters, of which only differences are meaningful. */
export interface MetricCounter {
  readonly metric: string;
  readonly total: bigint;
}

export interface MetricReport {
  readonly points: readonly MetricPoint[];
  readonly counters: readonly MetricCounter[];
}

/** Limits, since a guest chooses its mounts and interfaces: their number, and the length of names. */
const maxMounts = 16;
const maxInterfaces = 8;
const maxNameCharacters = 48;

export interface HypervisorFigures {
  readonly cpuPercent: number | undefined;
  readonly rssBytes: number;
  readonly disk?: { readonly readBytes: bigint; readonly writtenBytes: bigint } | undefined;
}

/** The values of a report that are kept in history. */
export function metricReport(
  telemetry: Telemetry | undefined,
  hypervisor: HypervisorFigures | undefined,
): MetricReport {
  const points: MetricPoint[] = [];
  const add = (metric: string, value: number | bigint | undefined): void => {
    const number = Number(value);
    if (value !== undefined && Number.isFinite(number)) points.push({ metric, value: number });
  };
  add('hypervisor.cpu_percent', hypervisor?.cpuPercent);
  add('hypervisor.rss_bytes', hypervisor?.rssBytes);
  if (telemetry === undefined) return { points, counters: diskCounters(hypervisor?.disk) };
  const { cpu, memory, load } = telemetry;
  add('cpu.busy_percent', percent(cpu?.busyPercent));
  add('memory.used_bytes', memory?.usedBytes);
  add('memory.total_bytes', memory?.totalBytes);
  add('swap.used_bytes', difference(memory?.swapTotalBytes, memory?.swapFreeBytes));
  add('load.one_minute', load?.oneMinute);
  add('pressure.cpu_percent', percent(telemetry.cpuPressure?.someAvg10));
  add('pressure.memory_percent', percent(telemetry.memoryPressure?.someAvg10));
  add('pressure.io_percent', percent(telemetry.ioPressure?.someAvg10));
  add('processes.count', telemetry.processCount);
  add('agent.rss_bytes', telemetry.agent?.rssBytes);
  for (const mount of telemetry.mounts.slice(0, maxMounts)) {
    const { usedBytes, availableBytes } = mount;
    if (usedBytes === undefined || availableBytes === undefined) continue;
    const room = Number(usedBytes) + Number(availableBytes);
    if (room > 0) add(`mount.${nameOf(mount.mountPoint)}.used_percent`, (100 * Number(usedBytes)) / room);
    add(`mount.${nameOf(mount.mountPoint)}.used_bytes`, usedBytes);
  }
  const interfaces = telemetry.interfaces.filter(isOwnTraffic).slice(0, maxInterfaces);
  return { points, counters: [...diskCounters(hypervisor?.disk), ...interfaces.flatMap(countersOf)] };
}

/** The unit of a metric, from its name. */
export function unitOf(metric: string): MetricUnit {
  if (metric.endsWith('_percent')) return 'percent';
  if (metric.endsWith('_bytes_per_second')) return 'bytes_per_second';
  return metric.endsWith('_bytes') ? 'bytes' : 'count';
}

export function sourceOf(metric: string): MetricSource {
  return metric.startsWith('hypervisor.') ? 'hypervisor' : 'agent';
}

/** Excludes loopback, whose traffic stays in the guest, and members of a bridge or bond, which would count twice. */
function isOwnTraffic(one: NetworkInterface): boolean {
  return one.name !== 'lo' && one.master === '';
}

function diskCounters(disk: HypervisorFigures['disk']): MetricCounter[] {
  if (disk === undefined) return [];
  return [
    { metric: 'hypervisor.disk_read_bytes_per_second', total: disk.readBytes },
    { metric: 'hypervisor.disk_written_bytes_per_second', total: disk.writtenBytes },
  ];
}

function countersOf(one: NetworkInterface): MetricCounter[] {
  const name = nameOf(one.name);
  const counters: MetricCounter[] = [];
  if (one.rxBytes !== undefined) counters.push({ metric: `network.${name}.rx_bytes_per_second`, total: one.rxBytes });
  if (one.txBytes !== undefined) counters.push({ metric: `network.${name}.tx_bytes_per_second`, total: one.txBytes });
  return counters;
}

function nameOf(text: string): string {
  return text.slice(0, maxNameCharacters);
}

/** A percentage outside of 0 to 100, from a lying guest or a clock jump, counts as not measured. */
function percent(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 && value <= 100 ? value : undefined;
}

function difference(total: bigint | undefined, free: bigint | undefined): bigint | undefined {
  return total === undefined || free === undefined || free > total ? undefined : total - free;
}
