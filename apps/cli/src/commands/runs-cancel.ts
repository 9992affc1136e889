import { defineCommand } from '../define-command.ts';

/** `inn runs cancel ID` */
export const command = defineCommand({
  arguments: '<id>',
  options: [],
  async run({ client }, id) {
    await client.runs.cancel(id);
  },
});
