import { OperationSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { clean } from '../output/clean.ts';
import { formatTime } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { operationStateLabel } from '../output/state-labels.ts';

/** `inn op show ID` */
export const command = defineCommand({
  arguments: '<id>',
  options: outputOptions,
  async run({ client, options }, id) {
    const operation = await client.operations.getOperation({ id });
    if (options.output === 'json' || options.output === 'yaml') {
      printObject(options.output, OperationSchema, operation);
      return;
    }
    const lines = [
      `${operation.kind} of ${operation.target}: ${operationStateLabel(operation.state)}`,
      `started ${formatTime(operation.startedUnixNs)}, ended ${formatTime(operation.endedUnixNs)}`,
      ...(operation.errorMessage === ''
        ? []
        : [`${clean(operation.errorMessage)} (${operation.errorReason})`, clean(operation.errorNextStep)]),
      ...operation.log.map((line) => `  ${clean(line)}`),
    ];
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  },
});
