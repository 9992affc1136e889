import { CliError } from '../cli-error.ts';
import { readPassword } from '../contexts/read-secret.ts';
import { defineCommand } from '../define-command.ts';
import { choice, list } from '../options.ts';
import { parseRole } from '../parse-values.ts';

/** `inn user set NAME` */
export const command = defineCommand({
  arguments: '<name>',
  options: [
    list('--role <role@scope>', 'the roles from now on, such as operator or viewer@tag:web; can be repeated'),
    choice('--login <on|off>', 'whether the user may log in; off ends the sessions', ['on', 'off']),
    choice('--password <set|none>', 'set a password, asked for or from standard input, or remove it', ['set', 'none']),
  ],
  async run({ client, options: { role, login, password } }, name) {
    if (role.length === 0 && login === undefined && password === undefined) {
      throw new CliError('Nothing to set: give --role, --login or --password.');
    }
    const given = password === 'set' ? await readPassword(`New password of ${name}: `) : '';
    await client.access.updateUser({
      name,
      setRoles: role.length > 0,
      roles: role.map(parseRole),
      disabled: login === undefined ? undefined : login === 'off',
      password: password === undefined ? undefined : given,
    });
    process.stdout.write(`${name} is changed.\n`);
  },
});
