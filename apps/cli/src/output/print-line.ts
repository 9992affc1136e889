import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { writeAll } from '../write-all.ts';
import { clean, cleanJson } from './clean.ts';
import type { RowsOptions } from './print-list.ts';

/** Minimum widths of the first columns: the widths of later rows are not known yet. */
const minWidths = [19, 12, 18];

/** Prints one more row of a growing list as text or as a line of JSON. Waits while the reader is slow. */
export async function printLine<Desc extends DescMessage>(
  row: MessageShape<Desc>,
  { schema, columns, nameOf, options }: RowsOptions<Desc>,
): Promise<void> {
  const line = (): string => {
    if (options.output === 'json' || options.output === 'yaml') return cleanJson(JSON.stringify(toJson(schema, row)));
    if (options.output === 'name') return clean(nameOf(row));
    const cells = columns.map((column, index) => clean(column.value(row)).padEnd(minWidths[index] ?? 0));
    return cells.join('  ').trimEnd();
  };
  await writeAll(process.stdout, Buffer.from(`${line()}\n`));
}
