import { defineCommand } from '../define-command.ts';

/** `inn op cancel ID` */
export const command = defineCommand({
  arguments: '<id>',
  options: [],
  async run({ client }, id) {
    await client.operations.cancelOperation({ id });
    process.stdout.write('Cancelled.\n');
  },
});
