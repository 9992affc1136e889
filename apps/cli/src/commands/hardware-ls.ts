import type { HardwareUnit } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { printRows } from '../output/print-list.ts';

/** `inn cpu ls VM` and `inn memory ls VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [...outputOptions],
  async run({ client, command, options }, vm) {
    const { HardwareUnitSchema } = await import('@innkeeper/contract/agent');
    const kind = command.parent?.name() === 'cpu' ? 'cpu' : 'memory';
    const { units, blockBytes } = await client.power.hardware(vm, kind);
    const size = blockBytes === undefined ? '' : `${blockBytes / 1024n / 1024n} MiB`;
    printRows(units, {
      schema: HardwareUnitSchema,
      columns: [
        { title: kind.toUpperCase(), value: ({ id }: HardwareUnit) => `${id}` },
        { title: 'STATE', value: ({ online }: HardwareUnit) => (online ? 'on line' : 'off line') },
        ...(size === '' ? [] : [{ title: 'SIZE', value: () => size }]),
        { title: 'FIXED', value: ({ fixed }: HardwareUnit) => (fixed ? 'yes' : 'no') },
      ],
      nameOf: ({ id }: HardwareUnit) => `${id}`,
      whenEmpty: 'The guest’s kernel does not put any on or off line.',
      options,
    });
  },
});
