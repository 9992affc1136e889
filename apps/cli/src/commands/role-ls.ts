import { RoleSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { printRows } from '../output/print-list.ts';

/** `inn role ls` */
export const command = defineCommand({
  options: outputOptions,
  async run({ client, allPages, options }) {
    const roles = await allPages(
      (page) => client.access.listRoles(page),
      (answer) => answer.roles,
    );
    printRows(roles, {
      schema: RoleSchema,
      columns: [
        { title: 'NAME', value: (role) => role.name },
        { title: 'KIND', value: (role) => (role.builtIn ? 'built in' : 'own') },
        { title: 'PRIVILEGES', value: (role) => role.privileges.join(' ') },
        { title: 'DESCRIPTION', value: (role) => role.description },
      ],
      nameOf: (role) => role.name,
      whenEmpty: 'No roles.',
      options,
    });
  },
});
