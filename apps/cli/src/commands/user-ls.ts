import { UserSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';

/** `inn user ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { users } = await client.access.listUsers({});
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
    whenEmpty: 'No users yet: "inn web" makes the first one and logs it in.',
    options,
  });
}
