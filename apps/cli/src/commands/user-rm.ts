import { defineCommand } from '../define-command.ts';

/** `inn user rm NAME…`, with their sessions and tokens. */
export const command = defineCommand({
  arguments: '<name...>',
  options: [],
  async run({ client }, names) {
    for (const name of names) {
      await client.access.deleteUser({ name });
      process.stdout.write(`${name} is removed.\n`);
    }
  },
});
