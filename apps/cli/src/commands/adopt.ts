import type { InnkeeperClient } from '@innkeeper/client';
import { type Vm, VmSchema } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { flag, list, outputOptions, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { parseTag } from '../parse-values.ts';
import { waitForAgent } from './wait-for-agent.ts';

/** How long an agent may take to answer; the VM is adopted either way. */
const answerMs = 15_000;

/** `inn adopt NAME --agent ADDRESS`, or `inn adopt --libvirt` for all domains of libvirt. */
export const command = defineCommand({
  arguments: '[name]',
  options: [
    text(
      '--agent <address>',
      'where its agent is: unix:/path, vsock:/path.vsock[:PORT], http://HOST[:PORT] or libvirt:[URI#]DOMAIN, and ",dialect=" with qga (usual on unix sockets), json-frames (usual on vsock), agent-message, http or native',
    ),
    flag('--libvirt', 'all domains of the libvirt on the node, for reading only'),
    text('--uri <uri>', 'the libvirt that is meant by --libvirt', 'qemu:///system'),
    list('--tag <name=value>', 'a tag, with or without a value; can be repeated'),
    ...outputOptions,
  ],
  async run({ client, options }, name) {
    const tags = Object.fromEntries(options.tag.map((tag) => parseTag(tag, '--tag')));
    if (options.libvirt) {
      if (name !== undefined || options.agent !== undefined)
        throw new CliError('--libvirt adopts all domains, each by its own name: give neither a name nor --agent.');
      await adoptDomains(client, options.uri, tags);
      return;
    }
    if (name === undefined || options.agent === undefined)
      throw new CliError('A name and --agent are needed, or --libvirt for all domains of libvirt.');
    const adopted = await client.adopted.adoptVm({ name, agent: options.agent, tags });
    if (options.output === 'json' || options.output === 'yaml') printObject(options.output, VmSchema, adopted);
    else if (options.output === 'name') process.stdout.write(`${adopted.name}\n`);
    else process.stdout.write(await lineOf(name, () => waitForAgent(client, name, options.quiet, answerMs)));
  },
});

async function lineOf(name: string, wait: () => Promise<Vm>): Promise<string> {
  try {
    const { agent } = await wait();
    return `${name} is adopted, and its agent answers: ${agent?.version}.\n`;
  } catch (error) {
    if (!isOperationError(error) || error.reason !== 'AGENT_UNREACHABLE') throw error;
    return `${name} is adopted, but its agent does not answer yet. Find out why: inn doctor ${name}\n`;
  }
}

async function adoptDomains(client: InnkeeperClient, uri: string, tags: Record<string, string>): Promise<void> {
  const { domains } = await client.adopted.findLibvirtDomains({ uri });
  if (domains.length === 0) process.stdout.write('libvirt has no domains.\n');
  for (const { name, agent } of domains) {
    const as = vmName(name);
    try {
      await client.adopted.adoptVm({ name: as, agent, tags });
      process.stdout.write(`${as} is adopted, for reading.\n`);
    } catch (error) {
      if (!isOperationError(error) || error.reason !== 'VM_NAME_TAKEN') throw error;
      process.stdout.write(`${as} is left alone: a VM has this name already.\n`);
    }
  }
}

/** The name of a domain in the characters that names of VMs have. */
function vmName(domain: string): string {
  const name = domain.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return name.replace(/^-/, '').slice(0, 63).replace(/-$/, '') || 'domain';
}
