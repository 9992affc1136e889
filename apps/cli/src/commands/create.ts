import { VmSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { printObject } from '../output/json.ts';
import { parseCount } from '../parse-count.ts';
import { parseSize } from '../parse-size.ts';
import { followOperation } from './follow-operation.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

interface CreateOptions {
  readonly image: string;
  readonly cpus: string;
  readonly memory: string;
  readonly disk?: string;
  readonly tag?: readonly string[];
  readonly start?: boolean;
  readonly autostart?: boolean;
}

/** `inn create NAME` */
export async function run(command: Command, name: string): Promise<void> {
  const { client, options } = contextOf<CreateOptions>(command);
  const cpus = parseCount(options.cpus, '--cpus', 1, 64);
  const operation = await client.vms.createVm({
    name,
    image: options.image,
    cpus,
    memoryBytes: parseSize(options.memory, '--memory'),
    diskBytes: options.disk === undefined ? 0n : parseSize(options.disk, '--disk'),
    tags: Object.fromEntries((options.tag ?? []).map(parseTag)),
    start: options.start === true,
    autostart: options.autostart === true,
  });
  await followOperation(client, operation, options.quiet === true);
  const vm =
    options.start === true
      ? await waitForAgent(client, name, options.quiet === true)
      : await client.vms.getVm({ vm: name });
  if (options.output === 'json' || options.output === 'yaml') printObject(options.output, VmSchema, vm);
  else if (options.output === 'name') process.stdout.write(`${vm.name}\n`);
  else
    process.stdout.write(
      options.start === true ? agentLine(vm) : `${vm.name} is made. Start it: inn start ${vm.name}\n`,
    );
}

function parseTag(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(`--tag: "${text}" is no key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
