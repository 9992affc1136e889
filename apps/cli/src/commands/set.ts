import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { choice } from '../options.ts';

/** `inn set VM…` */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [choice('--autostart <on|off>', 'whether they start with the daemon', ['on', 'off'])],
  async run({ client, options: { autostart } }, names) {
    if (autostart === undefined) throw new CliError('Nothing to set: give a setting, such as --autostart on.');
    for (const vm of names) {
      const { name } = await client.vms.updateVm({ vm, autostart: autostart === 'on' });
      process.stdout.write(`${name}: autostart is ${autostart}.\n`);
    }
  },
});
