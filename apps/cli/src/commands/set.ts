import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { choice, list, text } from '../options.ts';
import { parseCount, parseSize, parseTag } from '../parse-values.ts';

/** `inn set VM…` */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [
    choice('--autostart <on|off>', 'whether they start with the daemon', ['on', 'off']),
    text('--cpus <count>', 'virtual CPUs, 1 to 64; while they are stopped'),
    text('--memory <size>', 'memory, such as 512M or 2G; while they are stopped'),
    text('--name <name>', 'new name, for one VM; while it is stopped'),
    list('--tag <name=value>', 'add a tag, or change its value; can be repeated'),
    list('--untag <name>', 'remove a tag; can be repeated'),
  ],
  async run({ client, options }, names) {
    const { autostart, cpus, memory, name, tag, untag } = options;
    if (name !== undefined && names.length > 1) throw new CliError('--name is for one VM.');
    if ([autostart, cpus, memory, name].every((value) => value === undefined) && tag.length + untag.length === 0) {
      throw new CliError('Nothing to set: give a setting, such as --autostart on. See: inn set --help');
    }
    const settings = {
      autostart: autostart === undefined ? undefined : autostart === 'on',
      cpus: cpus === undefined ? undefined : parseCount(cpus, '--cpus', 1, 64),
      memoryBytes: memory === undefined ? undefined : parseSize(memory, '--memory'),
      name,
      tags: Object.fromEntries(tag.map((each) => parseTag(each, '--tag'))),
      removeTags: [...untag],
    };
    const said = [
      ...(autostart === undefined ? [] : [`autostart is ${autostart}`]),
      ...(cpus === undefined ? [] : [`CPUs are ${settings.cpus}`]),
      ...(memory === undefined ? [] : [`memory is ${memory}`]),
      ...tag.map((each) => `tag ${each} is set`),
      ...untag.map((each) => `tag ${each} is removed`),
    ];
    for (const vm of names) {
      const changed = await client.vms.updateVm({ vm, ...settings });
      if (name !== undefined) process.stdout.write(`${vm} is now named ${changed.name}.\n`);
      if (said.length > 0) process.stdout.write(`${changed.name}: ${said.join(', ')}.\n`);
    }
  },
});
