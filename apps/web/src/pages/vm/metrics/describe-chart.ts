import { formatMetric } from './format-metric.ts';
import type { MetricChart } from './metric-chart.ts';

/** Describes a chart for screen readers: the latest, minimum and maximum value of each line. */
export function describeChart({ title, unit, series }: MetricChart): string {
  const lines = series.map(({ label, source, average, minimum, maximum }) => {
    const least = minimum.reduce<number | null>((sum, value) => lesser(sum, value), null);
    const most = maximum.reduce<number | null>((sum, value) => greater(sum, value), null);
    const figures = `latest ${formatMetric(latestOf(average), unit)}, minimum ${formatMetric(least, unit)}, maximum ${formatMetric(most, unit)}`;
    return `${label} (${source}): ${figures}`;
  });
  return `${title}. ${lines.join('. ')}.`;
}

/** The latest measured value; null if there is none. */
export function latestOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function lesser(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function greater(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
