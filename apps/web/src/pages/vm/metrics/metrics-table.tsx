import { type JSX, useMemo } from 'react';
import { DataTable } from '../../../components/data-table.tsx';
import { dateOf, formatFullTime } from '../../../format/format-time.ts';
import { formatMetric } from './format-metric.ts';
import type { ChartSet } from './metric-chart.ts';

/** The values of the charts, newest first, without intervals that have no measurements. */
export function MetricsTable({ set: { times, charts } }: { readonly set: ChartSet }): JSX.Element {
  const lines = useMemo(
    () => charts.flatMap(({ title, unit, series }) => series.map((one) => ({ title, unit, one }))),
    [charts],
  );
  const rows = times
    .map((_, index) => index)
    .filter((index) => lines.some(({ one }) => one.average[index] !== null))
    .reverse();
  return (
    <div className="card metrics-table">
      <DataTable
        label="Measurements"
        rows={rows}
        rowKey={(index) => `${times[index]}`}
        empty="No measurements in this time."
        columns={[
          {
            label: 'Time',
            cell: (index) => (
              <span className="number">{formatFullTime(dateOf(BigInt(Math.round((times[index] ?? 0) * 1e9))))}</span>
            ),
          },
          ...lines.map(({ title, unit, one }) => ({
            label: `${title}: ${one.label} (${one.source})`,
            right: true,
            cell: (index: number) => formatMetric(one.average[index], unit),
          })),
        ]}
      />
    </div>
  );
}
