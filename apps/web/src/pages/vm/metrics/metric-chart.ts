import type { QueryHistoryResponse, Series } from '@innkeeper/contract/control';

export type MetricUnit = 'percent' | 'bytes' | 'bytes_per_second' | 'count';
type Values = readonly (number | null)[];

/** One line of a chart. null: not measured. */
export interface ChartSeries {
  readonly metric: string;
  readonly label: string;
  readonly source: 'agent' | 'hypervisor';
  readonly average: Values;
  readonly minimum: Values;
  readonly maximum: Values;
}

/** Lines that share an axis. */
export interface MetricChart {
  readonly key: string;
  readonly title: string;
  readonly unit: MetricUnit;
  readonly series: readonly ChartSeries[];
}

/** All charts of one response. */
export interface ChartSet {
  /** Start of each interval, in seconds since 1970. */
  readonly times: readonly number[];
  readonly stepMs: number;
  /** Some interval has several measurements, so minimum and maximum differ from the average. */
  readonly banded: boolean;
  readonly charts: readonly MetricChart[];
}

/** At this resolution an interval has one measurement, apart from jitter. */
const finestStepMs = 5000;

interface Group {
  readonly key: string;
  readonly title: (match: RegExpExecArray) => string;
  readonly pattern: RegExp;
  readonly label: (match: RegExpExecArray) => string;
  /** The metric shown first; the others are sorted by name. */
  readonly first?: string;
}

/** Chart groups in display order. Each network interface has its own chart. */
const groups: readonly Group[] = [
  {
    key: 'cpu',
    title: () => 'CPU',
    pattern: /^(cpu\.busy|hypervisor\.cpu)_percent$/,
    label: ([, name]) => (name === 'cpu.busy' ? 'Busy in the guest' : 'Share of the host’s CPUs'),
  },
  {
    key: 'memory',
    title: () => 'Memory',
    pattern: /^(memory\.used|memory\.total|swap\.used)_bytes$/,
    first: 'memory.used_bytes',
    label: ([, name = '']) => ({ 'memory.used': 'Used', 'memory.total': 'Total' })[name] ?? 'Swap used',
  },
  { key: 'load', title: () => 'Load', pattern: /^load\.one_minute$/, label: () => 'Over 1 minute' },
  {
    key: 'pressure',
    title: () => 'Pressure',
    pattern: /^pressure\.(cpu|memory|io)_percent$/,
    label: ([, name = '']) => ({ cpu: 'CPU', memory: 'Memory' })[name] ?? 'I/O',
  },
  {
    key: 'mounts',
    title: () => 'Mounts',
    pattern: /^mount\.(.*)\.used_percent$/s,
    label: ([, name = '']) => name,
  },
  {
    key: 'disk',
    title: () => 'Disk I/O',
    pattern: /^hypervisor\.disk_(read|written)_bytes_per_second$/,
    label: ([, way]) => (way === 'read' ? 'Read' : 'Written'),
  },
  {
    key: 'network',
    pattern: /^network\.(.*)\.(rx|tx)_bytes_per_second$/s,
    title: ([, name]) => `Network ${name}`,
    label: ([, , way]) => (way === 'rx' ? 'Received' : 'Sent'),
  },
  { key: 'rss', title: () => 'Host memory', pattern: /^hypervisor\.rss_bytes$/, label: () => 'Hypervisor process' },
];

/** Converts a response of the history service to charts, omitting groups without measurements. */
export function chartsOf(answer: QueryHistoryResponse): ChartSet {
  const startSeconds = Number(answer.startUnixNs / 1_000_000n) / 1000;
  const stepMs = Number(answer.stepNs / 1_000_000n);
  const count = answer.series[0]?.average.length ?? 0;
  const charts = groups.flatMap((group) => chartsOfGroup(group, answer.series));
  return {
    times: Array.from({ length: count }, (_, index) => startSeconds + (index * stepMs) / 1000),
    stepMs,
    banded: stepMs > finestStepMs && charts.some(({ series }) => series.some(isBanded)),
    charts,
  };
}

function chartsOfGroup({ key, title, pattern, label, first }: Group, all: readonly Series[]): MetricChart[] {
  const found = new Map<string, { readonly unit: MetricUnit; readonly series: ChartSeries[] }>();
  for (const one of all.toSorted((a, b) => Number(b.metric === first) - Number(a.metric === first))) {
    const match = pattern.exec(one.metric);
    if (match === null) continue;
    const name = title(match);
    const chart = found.get(name) ?? { unit: unitOf(one.unit), series: [] };
    found.set(name, chart);
    chart.series.push({
      metric: one.metric,
      label: label(match),
      source: one.source === 'hypervisor' ? 'hypervisor' : 'agent',
      average: one.average.map(measured),
      minimum: one.minimum.map(measured),
      maximum: one.maximum.map(measured),
    });
  }
  return [...found].map(([name, chart]) => ({ key: `${key} ${name}`, title: name, ...chart }));
}

function unitOf(unit: string): MetricUnit {
  return unit === 'percent' || unit === 'bytes' || unit === 'bytes_per_second' ? unit : 'count';
}

function measured(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function isBanded({ minimum, maximum }: ChartSeries): boolean {
  return minimum.some((value, index) => value !== maximum[index]);
}
