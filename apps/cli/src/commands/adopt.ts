import { type Vm, VmSchema } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { defineCommand } from '../define-command.ts';
import { list, outputOptions, requiredText } from '../options.ts';
import { printObject } from '../output/json.ts';
import { parseTag } from '../parse-values.ts';
import { waitForAgent } from './wait-for-agent.ts';

/** How long an agent may take to answer; the VM is adopted either way. */
const answerMs = 15_000;

/** `inn adopt NAME --agent ADDRESS` */
export const command = defineCommand({
  arguments: '<name>',
  options: [
    requiredText(
      '--agent <address>',
      'where its agent is: unix:/path, vsock:/path.vsock[:PORT] or http://HOST[:PORT], and ",dialect=" with qga (usual on unix sockets), json-frames (usual on vsock), agent-message, http or native',
    ),
    list('--tag <name=value>', 'a tag, with or without a value; can be repeated'),
    ...outputOptions,
  ],
  async run({ client, options }, name) {
    const tags = Object.fromEntries(options.tag.map((tag) => parseTag(tag, '--tag')));
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
