import { formatMetric } from './format-metric.ts';
import type { MetricChart } from './metric-chart.ts';

/** A chart in words, for whoever cannot see it: of each line the latest value, the least and the most. */
export function describeChart({ title, unit, series }: MetricChart): string {
  const lines = series.map(({ label, source, average, minimum, maximum }) => {
    const least = minimum.reduce<number | null>((sum, value) => lesser(sum, value), null);
    const most = maximum.reduce<number | null>((sum, value) => greater(sum, value), null);
    const figures = `latest ${formatMetric(latestOf(average), unit)}, least ${formatMetric(least, unit)}, most ${formatMetric(most, unit)}`;
    return `${label} (${source}): ${figures}`;
  });
  return `${title}. ${lines.join('. ')}.`;
}

/** The newest value that was measured; null where none was. */
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
