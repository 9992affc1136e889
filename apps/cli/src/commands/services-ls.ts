import { defineCommand } from '../define-command.ts';
import { choice, outputOptions } from '../options.ts';
import { printRows } from '../output/print-list.ts';

/** `inn services ls VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    ...outputOptions,
    choice('--state <state>', 'only services in this state', [
      'running',
      'started',
      'stopped',
      'failed',
      'starting',
      'stopping',
    ]),
  ],
  async run({ client, options }, vm) {
    const [{ UnitSchema }, { unitStateName }, { unitColumns }] = await Promise.all([
      import('@innkeeper/contract/agent'),
      import('@innkeeper/client'),
      import('./unit-columns.ts'),
    ]);
    const { units } = await client.units.list(vm);
    const { state } = options;
    printRows(state === undefined ? units : units.filter((unit) => unitStateName(unit) === state), {
      schema: UnitSchema,
      columns: unitColumns,
      nameOf: ({ name }) => name,
      whenEmpty: state === undefined ? 'This guest has no services.' : `No service is ${state}.`,
      options,
    });
  },
});
