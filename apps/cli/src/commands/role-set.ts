import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { list, text } from '../options.ts';

/** `inn role set NAME`: creates a role, or replaces its privileges and description. */
export const command = defineCommand({
  arguments: '<name>',
  options: [
    list('--privilege <name>', 'a privilege of the role, such as vm.view; can be repeated'),
    text('--description <text>', 'what the role is for', ''),
  ],
  async run({ client, options: { privilege, description } }, name) {
    if (privilege.length === 0) throw new CliError('Give the role at least one --privilege, such as vm.view.');
    await client.access.setRole({ name, description, privileges: [...privilege] });
    process.stdout.write(
      `The role ${name} has ${privilege.length === 1 ? '1 privilege' : `${privilege.length} privileges`}.\n`,
    );
  },
});
