import type { Metric } from './metric.ts';

/** One JSON object on one line. */
export function metricLine(metric: Metric): string {
  return JSON.stringify(metric);
}

/** One row of a table for people. */
export function metricRow(metric: Metric): string {
  const verdict = metric.ok === undefined ? ' ' : metric.ok ? '✓' : '✗';
  const peer = metric.peer === undefined ? '' : `${metric.peer} ${figure(metric.peerValue)}`;
  const ratio = metric.ratio === undefined ? '' : `${figure(metric.ratio)} x`;
  return [
    verdict,
    metric.metric.padEnd(46),
    `${figure(metric.value)} ${metric.unit}`.padStart(16),
    peer.padStart(22),
    ratio.padStart(10),
    metric.target === undefined ? '' : `  target ${metric.target}`,
  ].join(' ');
}

function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
