import { OperationSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatPercent, formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import { operationStateWord } from '../output/words.ts';

/** `inn op ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { operations } = await client.operations.listOperations({});
  printRows(operations, {
    schema: OperationSchema,
    columns: [
      { title: 'ID', value: (operation) => operation.id },
      { title: 'KIND', value: (operation) => operation.kind },
      { title: 'TARGET', value: (operation) => operation.target },
      { title: 'STATE', value: (operation) => operationStateWord(operation.state) },
      {
        title: 'PROGRESS',
        align: 'right',
        value: (operation) => (operation.progress === undefined ? '' : formatPercent(operation.progress * 100)),
      },
      { title: 'STARTED', value: (operation) => formatTime(operation.startedUnixNs) },
      { title: 'STAGE', value: (operation) => operation.errorMessage || operation.stage },
    ],
    nameOf: (operation) => operation.id,
    whenEmpty: 'No operations yet: what takes time, such as inn create, is listed here.',
    options,
  });
}
