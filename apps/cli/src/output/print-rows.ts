import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { type ListOptions, printList } from './print-list.ts';

export interface RowsOptions<Desc extends DescMessage> extends Omit<ListOptions<MessageShape<Desc>>, 'objectOf'> {
  readonly schema: Desc;
}

/** Prints a list of messages of the API in the form that was asked for; as JSON, they are what the API gives. */
export function printRows<Desc extends DescMessage>(
  rows: readonly MessageShape<Desc>[],
  { schema, ...options }: RowsOptions<Desc>,
): void {
  printList(rows, { ...options, objectOf: (row) => toJson(schema, row) });
}
