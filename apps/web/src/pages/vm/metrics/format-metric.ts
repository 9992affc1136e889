import { formatBytes } from '../../../format/format-bytes.ts';
import { formatPercent } from '../../../format/format-percent.ts';
import type { MetricUnit } from './metric-chart.ts';

/** Formats a value with its unit: "42 %", "1.2 MiB", "3.4 KiB/s", "0.25"; "–" if not measured. */
export function formatMetric(value: number | null | undefined, unit: MetricUnit): string {
  if (value === null || value === undefined) return '–';
  if (unit === 'percent') return formatPercent(value);
  if (unit === 'count') return value.toFixed(2);
  return unit === 'bytes' ? formatBytes(value) : `${formatBytes(value)}/s`;
}

const binaryUnits: readonly [number, string][] = [
  [1024 ** 4, 'TiB'],
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
];

/** Formats the labels of an axis: one unit for all, and only as many digits as needed. */
export function formatTicks(ticks: readonly number[], unit: MetricUnit): string[] {
  const top = Math.max(...ticks.map(Math.abs), 0);
  const [divisor, name] =
    unit === 'percent'
      ? [1, '%']
      : unit === 'count'
        ? [1, '']
        : (binaryUnits.find(([size]) => top >= size) ?? [1, 'B']);
  const digits = digitsOf(ticks.map((tick) => tick / divisor));
  const suffix = unit === 'bytes_per_second' ? `${name}/s` : name;
  return ticks.map((tick) => `${(tick / divisor).toFixed(digits)} ${suffix}`.trim());
}

/** How many digits after the point the values need, at most 4: a label must not name another value than its line has. */
function digitsOf(values: readonly number[]): number {
  const exact = (digits: number): boolean =>
    values.every((value) => Math.abs(value * 10 ** digits - Math.round(value * 10 ** digits)) < 1e-6 * 10 ** digits);
  return [0, 1, 2, 3].find(exact) ?? 4;
}

/** Tick distances of a byte axis: powers of two, so that the labels are round numbers. */
export const byteSteps: readonly number[] = Array.from({ length: 50 }, (_, power) => 2 ** power);
