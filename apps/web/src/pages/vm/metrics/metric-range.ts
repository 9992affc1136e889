/** What the charts show: a length up to now. */
export interface MetricRange {
  /** In the address. */
  readonly key: string;
  readonly label: string;
  readonly lengthMs: number;
  /** How often it is asked for again while it is live. */
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

/** A part of the time that was chosen with the pointer. */
export interface Zoom {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Nothing shorter is measured. */
const shortestZoomMs = 10_000;

/** The range of an address; 15 minutes where it names none that there is. */
export function rangeOf(parameters: URLSearchParams): MetricRange {
  const wanted = parameters.get('range');
  return (
    metricRanges.find(({ key }) => key === wanted) ??
    metricRanges[0] ?? { key: '', label: '', lengthMs: 0, refreshMs: 5000 }
  );
}

/** The zoom of an address; undefined where there is none, or none that makes sense. */
export function zoomOf(parameters: URLSearchParams): Zoom | undefined {
  const fromMs = Number(parameters.get('from') ?? Number.NaN);
  const toMs = Number(parameters.get('to') ?? Number.NaN);
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs)) return undefined;
  return fromMs >= 0 && toMs - fromMs >= shortestZoomMs ? { fromMs, toMs } : undefined;
}

/** A zoom no shorter than what can be measured, in whole milliseconds, around the same middle. */
export function zoomAround(fromMs: number, toMs: number): Zoom {
  const missingMs = Math.max(0, shortestZoomMs - (toMs - fromMs));
  return { fromMs: Math.max(0, Math.round(fromMs - missingMs / 2)), toMs: Math.round(toMs + missingMs / 2) };
}
