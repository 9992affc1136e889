import { defineCommand } from '../define-command.ts';

/** `inn suspend VM…`: to memory, by the guest's kernel. */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [],
  async run({ client }, names) {
    for (const vm of names) {
      await client.power.suspend(vm);
      process.stdout.write(`${vm} suspends. Wake it with: inn wake ${vm}\n`);
    }
  },
});
