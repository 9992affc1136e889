import { CliError } from '../cli-error.ts';
import type { OutputFormat } from '../context.ts';
import { clean } from './clean.ts';
import { toCsv } from './csv.ts';
import { printValue } from './json.ts';
import { type Column, formatTable } from './table.ts';

export interface ListOptions<Row> {
  readonly columns: readonly Column<Row>[];
  /** For -o name. */
  readonly nameOf: (row: Row) => string;
  /** For -o json and yaml. */
  readonly objectOf: (row: Row) => unknown;
  /** What a person reads instead of an empty table, on standard error: what to do first. */
  readonly whenEmpty: string;
  readonly options: {
    readonly output: OutputFormat;
    readonly headers: boolean;
    readonly columns?: string;
    readonly quiet?: boolean;
  };
}

/** Prints a list in the form that was asked for. An unknown --columns is a mistake of the caller's. */
export function printList<Row>(
  rows: readonly Row[],
  { columns, nameOf, objectOf, whenEmpty, options }: ListOptions<Row>,
): void {
  const { output, headers } = options;
  if (output === 'json' || output === 'yaml') {
    printValue(output, rows.map(objectOf));
    return;
  }
  if (output === 'name') {
    process.stdout.write(rows.map((row) => `${clean(nameOf(row))}\n`).join(''));
    return;
  }
  const chosen = options.columns === undefined ? undefined : choose(columns, options.columns);
  if (output === 'csv') {
    const shown = chosen ?? columns;
    const lines = rows.map((row) => shown.map((column) => clean(column.value(row)).replace(/^–$/, '')));
    process.stdout.write(toCsv(headers ? [shown.map((column) => column.title.toLowerCase()), ...lines] : lines));
  } else if (rows.length > 0)
    process.stdout.write(
      formatTable(rows, chosen ?? columns, { headers, wide: chosen !== undefined || output === 'wide' }),
    );
  else if (options.quiet !== true) process.stderr.write(`${whenEmpty}\n`);
}

function choose<T>(columns: readonly Column<T>[], wanted: string): readonly Column<T>[] {
  return wanted.split(',').map((title) => {
    const found = columns.find((column) => column.title.toLowerCase() === title.trim().toLowerCase());
    if (found !== undefined) return found;
    const known = columns.map((column) => column.title.toLowerCase()).join(', ');
    throw new CliError(`--columns: there is no "${clean(title)}"; there are ${known}`);
  });
}
