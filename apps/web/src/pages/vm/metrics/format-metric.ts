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
  const digits = ticks.some((tick) => !Number.isInteger(tick / divisor)) ? (top / divisor < 1 ? 2 : 1) : 0;
  const suffix = unit === 'bytes_per_second' ? `${name}/s` : name;
  return ticks.map((tick) => `${(tick / divisor).toFixed(digits)} ${suffix}`.trim());
}

/** Tick distances of a byte axis: powers of two, so that the labels are round numbers. */
export const byteSteps: readonly number[] = Array.from({ length: 50 }, (_, power) => 2 ** power);
