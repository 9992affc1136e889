import { CliError } from '../cli-error.ts';
import { askSecret } from '../contexts/read-secret.ts';
import { defineCommand } from '../define-command.ts';

/** `inn user passwd`: the password of the user that inn is logged in as. For others: `inn user set NAME --password set`. */
export const command = defineCommand({
  options: [],
  async run({ client }) {
    const currentPassword = await askSecret('Current password (empty if you have none): ');
    const newPassword = await askSecret('New password: ');
    if (newPassword !== (await askSecret('New password again: ')))
      throw new CliError('The passwords are not the same.');
    await client.access.changePassword({ currentPassword, newPassword });
    process.stdout.write('Your password is changed.\n');
  },
});
