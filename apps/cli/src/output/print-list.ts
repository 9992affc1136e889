import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { CliError } from '../cli-error.ts';
import type { OutputFormat } from '../options.ts';
import { clean } from './clean.ts';
import { printValue } from './json.ts';
import { type Column, formatTable, toCsv } from './table.ts';

interface ListOptions<Row> {
  readonly columns: readonly Column<Row>[];
  /** For -o name. */
  readonly nameOf: (row: Row) => string;
  /** For -o json and yaml. */
  readonly objectOf: (row: Row) => unknown;
  /** Printed on standard error instead of an empty table: why it is empty, or what to do first. */
  readonly whenEmpty: string;
  readonly options: {
    readonly output: OutputFormat;
    readonly headers: boolean;
    readonly columns: string | undefined;
    readonly quiet: boolean;
  };
}

export interface RowsOptions<Desc extends DescMessage> extends Omit<ListOptions<MessageShape<Desc>>, 'objectOf'> {
  readonly schema: Desc;
}

/** Prints messages of the API in the chosen format; as JSON they are the API's own objects. */
export function printRows<Desc extends DescMessage>(
  rows: readonly MessageShape<Desc>[],
  { schema, ...options }: RowsOptions<Desc>,
): void {
  printList(rows, { ...options, objectOf: (row) => toJson(schema, row) });
}

/** Prints a list in the chosen format. @throws CliError for an unknown column in --columns */
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
  const chosen = options.columns === undefined ? undefined : chooseColumns(columns, options.columns);
  if (output === 'csv') {
    const shown = chosen ?? columns;
    const lines = rows.map((row) => shown.map((column) => clean(column.value(row)).replace(/^–$/, '')));
    process.stdout.write(toCsv(headers ? [shown.map((column) => column.title.toLowerCase()), ...lines] : lines));
  } else if (rows.length > 0)
    process.stdout.write(
      formatTable(rows, chosen ?? columns, { headers, wide: chosen !== undefined || output === 'wide' }),
    );
  else if (!options.quiet) process.stderr.write(`${whenEmpty}\n`);
}

function chooseColumns<T>(columns: readonly Column<T>[], wanted: string): readonly Column<T>[] {
  return wanted.split(',').map((title) => {
    const found = columns.find((column) => column.title.toLowerCase() === title.trim().toLowerCase());
    if (found !== undefined) return found;
    const known = columns.map((column) => column.title.toLowerCase()).join(', ');
    throw new CliError(`--columns: unknown column "${clean(title)}"; the columns are ${known}`);
  });
}
