import { defineCommand } from '../define-command.ts';

/** `inn role rm NAME…` */
export const command = defineCommand({
  arguments: '<name...>',
  options: [],
  async run({ client }, names) {
    for (const name of names) {
      await client.access.deleteRole({ name });
      process.stdout.write(`${name} is removed.\n`);
    }
  },
});
