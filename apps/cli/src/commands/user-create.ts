import { defineCommand } from '../define-command.ts';
import { list } from '../options.ts';
import { parseRole } from '../parse-values.ts';

/** `inn user create NAME`: the user has no password; `inn web --user NAME` prints a link to log in with. */
export const command = defineCommand({
  arguments: '<name>',
  options: [list('--role <role@scope>', 'such as operator, or viewer@tag:web (default: viewer); can be repeated')],
  async run({ client, options: { role, quiet } }, name) {
    await client.access.createUser({ name, roles: (role.length === 0 ? ['viewer'] : role).map(parseRole) });
    process.stdout.write(`${name} is created, without a password.\n`);
    if (!quiet) process.stderr.write(`Print a link to log in with: inn web --user ${name}\n`);
  },
});
