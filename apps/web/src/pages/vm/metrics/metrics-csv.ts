import type { ChartSet } from './metric-chart.ts';

/** Formats charts as CSV (RFC 4180): a row per interval, three columns per line; empty: not measured. */
export function metricsCsv({ times, charts }: ChartSet): string {
  const columns = charts.flatMap(({ unit, series }) =>
    series.flatMap(({ metric, source, average, minimum, maximum }) => [
      { head: `${metric} (${source}, ${unit}, average)`, values: average },
      { head: `${metric} (${source}, ${unit}, minimum)`, values: minimum },
      { head: `${metric} (${source}, ${unit}, maximum)`, values: maximum },
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

/** Quotes a field. Mount names come from the guest and may contain quotes, commas and line breaks. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
