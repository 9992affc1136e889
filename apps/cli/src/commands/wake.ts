import { defineCommand } from '../define-command.ts';

/** `inn wake VM…`: guests that are suspended to memory. */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [],
  async run({ client }, names) {
    for (const vm of names) {
      await client.vms.wakeVm({ vm });
      process.stdout.write(`${vm} is awake.\n`);
    }
  },
});
