import type { ChartSet } from './metric-chart.ts';

/** A window shorter than this would show jitter. */
const leastSeconds = 60;
/** A range that is measured from this share of it on is shown as it is. */
const young = 0.25;

/**
 * The part of a range to show: from the first measurement, if that is late in the range, so that the charts of a VM that was
 * created a minute ago are more than a sliver at the right edge.
 */
export function youngWindow(
  { times, charts, stepMs }: ChartSet,
  window: readonly [number, number],
): readonly [number, number] {
  const firsts = charts
    .flatMap(({ series }) => series.map(({ average }) => average.findIndex((value) => value !== null)))
    .filter((index) => index >= 0);
  const first = firsts.length === 0 ? undefined : times[Math.min(...firsts)];
  const [from, to] = window;
  if (first === undefined || first - from < (to - from) * young) return window;
  return [Math.max(from, Math.min(first - stepMs / 1000, to - leastSeconds)), to];
}
