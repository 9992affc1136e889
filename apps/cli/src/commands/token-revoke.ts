import { defineCommand } from '../define-command.ts';

/** `inn token revoke ID…` */
export const command = defineCommand({
  arguments: '<id...>',
  options: [],
  async run({ client }, ids) {
    for (const id of ids) {
      await client.access.revokeToken({ id });
      process.stdout.write(`${id} is revoked.\n`);
    }
  },
});
