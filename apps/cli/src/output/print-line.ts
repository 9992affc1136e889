import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { writeAll } from '../write-all.ts';
import { clean, cleanJson } from './clean.ts';
import type { RowsOptions } from './print-rows.ts';

/** Narrower columns move with what is in them. */
const leastWidths = [19, 12, 18];

/** One more row of a list that grows: a line for people, or a line of JSON. Waits while its reader is slow. */
export async function printLine<Desc extends DescMessage>(
  row: MessageShape<Desc>,
  { schema, columns, nameOf, options }: RowsOptions<Desc>,
): Promise<void> {
  const line = (): string => {
    if (options.output === 'json' || options.output === 'yaml') return cleanJson(JSON.stringify(toJson(schema, row)));
    if (options.output === 'name') return clean(nameOf(row));
    const words = columns.map((column, index) => clean(column.value(row)).padEnd(leastWidths[index] ?? 0));
    return words.join('  ').trimEnd();
  };
  await writeAll(process.stdout, Buffer.from(`${line()}\n`));
}
