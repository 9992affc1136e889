import { formatTime } from '../../../format/format-time.ts';
import { formatMetric } from './format-metric.ts';
import type { LatestValue } from './latest-value.ts';
import type { MetricChart } from './metric-chart.ts';

/** Describes a chart for screen readers: the latest, minimum and maximum value of each line, and when an old one was measured. */
export function describeChart({ title, unit, series }: MetricChart, latest: readonly LatestValue[]): string {
  const lines = series.map(({ label, source, minimum, maximum }, line) => {
    const { value, oldSeconds } = latest[line] ?? { value: null };
    const age = oldSeconds === undefined ? '' : ` at ${formatTime(new Date(oldSeconds * 1000))}`;
    const least = minimum.reduce<number | null>((sum, value) => lesser(sum, value), null);
    const most = maximum.reduce<number | null>((sum, value) => greater(sum, value), null);
    const figures = `latest ${formatMetric(value, unit)}${age}, minimum ${formatMetric(least, unit)}, maximum ${formatMetric(most, unit)}`;
    return `${label} (${source}): ${figures}`;
  });
  return `${title}. ${lines.join('. ')}.`;
}

function lesser(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function greater(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
