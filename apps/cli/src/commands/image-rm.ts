import { defineCommand } from '../define-command.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image rm NAME…` */
export const command = defineCommand({
  arguments: '<name...>',
  options: [],
  async run({ client, options }, names) {
    for (const name of names) {
      await followOperation(client, await client.images.removeImage({ name }), options.quiet);
      process.stdout.write(`${name} is removed.\n`);
    }
  },
});
