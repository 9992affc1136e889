import { type Vm, VmSchema } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { flag, list, outputOptions, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { parseTag } from '../parse-values.ts';
import { adoptDomains, adoptFromProxmox } from './adopt-many.ts';
import { waitForAgent } from './wait-for-agent.ts';

/** How long an agent may take to answer; the VM is adopted either way. */
const answerMs = 15_000;

/** `inn adopt NAME --agent ADDRESS`, or `inn adopt --libvirt` and `inn adopt --proxmox URL` for all VMs from there. */
export const command = defineCommand({
  arguments: '[name]',
  options: [
    text(
      '--agent <address>',
      'where its agent is: unix:/path, vsock:/path.vsock[:PORT], http://HOST[:PORT], libvirt:[URI#]DOMAIN or proxmox:HOST[:PORT]/VMID, and ",dialect=" with qga, json-frames, agent-message or native; without it the agent is asked in each',
    ),
    flag('--libvirt', 'all domains of the libvirt on the node, for reading only'),
    text('--uri <uri>', 'the libvirt that is meant by --libvirt', 'qemu:///system'),
    text('--proxmox <url>', 'all VMs of a Proxmox VE that the token may see, for reading only: https://HOST:8006'),
    text(
      '--token <token>',
      'for --proxmox: USER@REALM!ID=SECRET. Others on this machine can see it here: INNKEEPER_PROXMOX_TOKEN or --token-file are better',
    ),
    text('--token-file <file>', 'for --proxmox: a file whose first line is the token'),
    text(
      '--fingerprint <sha256>',
      'for --proxmox: the SHA-256 of its certificate, which then is the only one accepted',
    ),
    text('--ca <file>', 'for --proxmox: the authority of its certificate, in PEM'),
    list('--tag <name=value>', 'a tag, with or without a value; can be repeated'),
    ...outputOptions,
  ],
  async run({ client, options }, name) {
    const tags = Object.fromEntries(options.tag.map((tag) => parseTag(tag, '--tag')));
    if (options.libvirt || options.proxmox !== undefined) {
      if (name !== undefined || options.agent !== undefined || (options.libvirt && options.proxmox !== undefined))
        throw new CliError(
          '--libvirt and --proxmox adopt all VMs, each by its own name: give one of them, and neither a name nor --agent.',
        );
      if (options.proxmox === undefined) await adoptDomains(client, options.uri, tags);
      else await adoptFromProxmox(client, { ...options, url: options.proxmox }, tags);
      return;
    }
    if (name === undefined || options.agent === undefined)
      throw new CliError('A name and --agent are needed, or --libvirt or --proxmox for all VMs from there.');
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
