import { UserSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';

/** `inn user ls` */
export const command = defineCommand({
  options: outputOptions,
  async run({ client, allPages, options }) {
    const users = await allPages(
      (page) => client.access.listUsers(page),
      (answer) => answer.users,
    );
    printRows(users, {
      schema: UserSchema,
      columns: [
        { title: 'NAME', value: (user) => user.name },
        { title: 'ROLES', value: (user) => user.roles.map(({ role, scope }) => `${role}@${scope}`).join(' ') },
        { title: 'PASSWORD', value: (user) => (user.hasPassword ? 'yes' : 'none') },
        { title: 'STATE', value: (user) => (user.disabled ? 'disabled' : 'active') },
        { title: 'LAST LOGIN', value: (user) => formatTime(user.lastLoginUnixNs) },
      ],
      nameOf: (user) => user.name,
      whenEmpty: 'No users yet: "inn web" creates the first one and prints a link to log in with.',
      options,
    });
  },
});
