import type { UnitVerb } from '@innkeeper/client';
import type { Unit } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { outputOptions, text } from '../options.ts';
import { printRows } from '../output/print-list.ts';
import { parseDuration } from '../parse-values.ts';

/** `inn services start`, `stop`, `restart`, `enable` and `disable`: one service after the other, up to the first error. */
export const command = defineCommand({
  arguments: '<vm> <unit...>',
  options: [...outputOptions, text('--timeout <duration>', 'limit for each service, at most 5m (default: 100s)')],
  async run({ client, command, options }, vm, names) {
    const [{ UnitSchema }, { unitColumns }] = await Promise.all([
      import('@innkeeper/contract/agent'),
      import('./unit-columns.ts'),
    ]);
    const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout');
    const units: Unit[] = [];
    try {
      for (const name of names) {
        const unit = await client.units.control(vm, name, command.name() as UnitVerb, { timeoutMs });
        if (unit !== undefined) units.push(unit);
      }
    } finally {
      // Also what was done before an error.
      if (units.length > 0)
        printRows(units, {
          schema: UnitSchema,
          columns: unitColumns,
          nameOf: ({ name }) => name,
          whenEmpty: '',
          options,
        });
    }
  },
});
