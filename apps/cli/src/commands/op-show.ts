import { OperationSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { clean } from '../output/clean.ts';
import { formatTime } from '../output/figures.ts';
import { printObject } from '../output/json.ts';
import { operationStateWord } from '../output/words.ts';

/** `inn op show ID` */
export async function run(command: Command, id: string): Promise<void> {
  const { client, options } = contextOf(command);
  const operation = await client.operations.getOperation({ id });
  if (options.output === 'json' || options.output === 'yaml') {
    printObject(options.output, OperationSchema, operation);
    return;
  }
  const lines = [
    `${operation.kind} of ${operation.target}: ${operationStateWord(operation.state)}`,
    `started ${formatTime(operation.startedUnixNs)}, ended ${formatTime(operation.endedUnixNs)}`,
    ...(operation.errorMessage === ''
      ? []
      : [`${clean(operation.errorMessage)} (${operation.errorReason})`, clean(operation.errorNextStep)]),
    ...operation.log.map((line) => `  ${clean(line)}`),
  ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
