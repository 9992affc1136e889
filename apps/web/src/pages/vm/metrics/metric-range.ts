/** A time range of the charts that ends now. */
export interface MetricRange {
  /** Key in the address. */
  readonly key: string;
  readonly label: string;
  readonly lengthMs: number;
  /** Refresh interval while live. */
  readonly refreshMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const metricRanges: readonly MetricRange[] = [
  { key: '15m', label: '15 min', lengthMs: 15 * minuteMs, refreshMs: 5000 },
  { key: '1h', label: '1 h', lengthMs: hourMs, refreshMs: 5000 },
  { key: '6h', label: '6 h', lengthMs: 6 * hourMs, refreshMs: 15_000 },
  { key: '24h', label: '24 h', lengthMs: dayMs, refreshMs: minuteMs },
  { key: '7d', label: '7 d', lengthMs: 7 * dayMs, refreshMs: minuteMs },
  { key: '14d', label: '14 d', lengthMs: 14 * dayMs, refreshMs: 5 * minuteMs },
  { key: '1y', label: '1 year', lengthMs: 366 * dayMs, refreshMs: 5 * minuteMs },
];

/** A time span selected in a chart. */
export interface Zoom {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Shorter spans would contain hardly any measurements. */
const shortestZoomMs = 10_000;

/** Reads the range from an address. Default: 15 minutes. */
export function rangeOf(parameters: URLSearchParams): MetricRange {
  const wanted = parameters.get('range');
  return (
    metricRanges.find(({ key }) => key === wanted) ??
    metricRanges[0] ?? { key: '', label: '', lengthMs: 0, refreshMs: 5000 }
  );
}

/** Reads the zoom from an address; undefined if missing or invalid. */
export function zoomOf(parameters: URLSearchParams): Zoom | undefined {
  const fromMs = Number(parameters.get('from') ?? Number.NaN);
  const toMs = Number(parameters.get('to') ?? Number.NaN);
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs)) return undefined;
  return fromMs >= 0 && toMs - fromMs >= shortestZoomMs ? { fromMs, toMs } : undefined;
}

/** Returns a zoom of at least 10 s, in whole milliseconds, with the same centre. */
export function zoomAround(fromMs: number, toMs: number): Zoom {
  const missingMs = Math.max(0, shortestZoomMs - (toMs - fromMs));
  return { fromMs: Math.max(0, Math.round(fromMs - missingMs / 2)), toMs: Math.round(toMs + missingMs / 2) };
}
