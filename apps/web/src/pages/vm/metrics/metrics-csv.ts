import type { ChartSet } from './metric-chart.ts';

/** The charts as CSV (RFC 4180): a row for each interval, three columns for each line; empty is not measured. */
export function metricsCsv({ times, charts }: ChartSet): string {
  const columns = charts.flatMap(({ unit, series }) =>
    series.flatMap(({ metric, source, average, minimum, maximum }) => [
      { head: `${metric} (${source}, ${unit}, average)`, values: average },
      { head: `${metric} (${source}, ${unit}, least)`, values: minimum },
      { head: `${metric} (${source}, ${unit}, most)`, values: maximum },
    ]),
  );
  const rows = times.map((time, index) => [
    new Date(time * 1000).toISOString(),
    ...columns.map(({ values }) => (values[index] === null ? '' : String(values[index] ?? ''))),
  ]);
  return [['time', ...columns.map(({ head }) => head)], ...rows]
    .map((row) => `${row.map(quoted).join(',')}\r\n`)
    .join('');
}

/** A guest names its mounts: quotes, commas and lines in names stay inside their field. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
