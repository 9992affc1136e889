import { OperationSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { formatPercent, formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';
import { operationStateLabel } from '../output/state-labels.ts';

/** `inn op ls` */
export const command = defineCommand({
  options: outputOptions,
  async run({ client, options }) {
    const { operations } = await client.operations.listOperations({});
    printRows(operations, {
      schema: OperationSchema,
      columns: [
        { title: 'ID', value: (operation) => operation.id },
        { title: 'KIND', value: (operation) => operation.kind },
        { title: 'TARGET', value: (operation) => operation.target },
        { title: 'STATE', value: (operation) => operationStateLabel(operation.state) },
        {
          title: 'PROGRESS',
          align: 'right',
          value: (operation) => (operation.progress === undefined ? '' : formatPercent(operation.progress * 100)),
        },
        { title: 'STARTED', value: (operation) => formatTime(operation.startedUnixNs) },
        { title: 'STAGE', value: (operation) => operation.errorMessage || operation.stage },
      ],
      nameOf: (operation) => operation.id,
      whenEmpty: 'No operations yet. Long-running commands such as inn create appear here.',
      options,
    });
  },
});
