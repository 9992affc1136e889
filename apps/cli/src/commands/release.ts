import { defineCommand } from '../define-command.ts';

/** `inn release VM…` */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [],
  async run({ client }, names) {
    for (const vm of names) {
      await client.adopted.releaseVm({ vm });
      process.stdout.write(`${vm} is released; nothing was changed in it.\n`);
    }
  },
});
