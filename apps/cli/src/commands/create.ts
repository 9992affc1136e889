import { VmSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { flag, list, outputOptions, requiredText, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { parseCount, parseSize, parseTag } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

/** `inn create NAME` */
export const command = defineCommand({
  arguments: '<name>',
  options: [
    requiredText('--image <name>', 'image to create it from; see "inn image ls"'),
    text('--cpus <count>', 'virtual CPUs, 1 to 64', '1'),
    text('--memory <size>', 'memory, such as 512M or 2G', '256M'),
    text('--disk <size>', 'disk, at least the size of the image (default: the size of the image)'),
    list('--tag <name=value>', 'a tag, with or without a value; can be repeated'),
    flag('--start', 'start it, and wait until its agent answers'),
    flag('--autostart', 'start it with the daemon, unless it was stopped since the host booted'),
    flag('--keep-hostname', 'do not name the guest after the VM'),
    flag('--fresh-identity', 'give the guest a new machine id and new SSH host keys at its first start'),
    ...outputOptions,
  ],
  async run({ client, options }, name) {
    const cpus = parseCount(options.cpus, '--cpus', 1, 64);
    const operation = await client.vms.createVm({
      name,
      image: options.image,
      cpus,
      memoryBytes: parseSize(options.memory, '--memory'),
      diskBytes: options.disk === undefined ? 0n : parseSize(options.disk, '--disk'),
      tags: Object.fromEntries(options.tag.map((tag) => parseTag(tag, '--tag'))),
      start: options.start,
      autostart: options.autostart,
      keepHostname: options.keepHostname,
      freshIdentity: options.freshIdentity,
    });
    await followOperation(client, operation, options.quiet);
    const vm = options.start ? await waitForAgent(client, name, options.quiet) : await client.vms.getVm({ vm: name });
    if (options.output === 'json' || options.output === 'yaml') printObject(options.output, VmSchema, vm);
    else if (options.output === 'name') process.stdout.write(`${vm.name}\n`);
    else
      process.stdout.write(options.start ? agentLine(vm) : `${vm.name} is created. Start it: inn start ${vm.name}\n`);
  },
});
