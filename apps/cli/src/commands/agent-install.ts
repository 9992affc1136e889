import type { InnkeeperClient } from '@innkeeper/client';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';
import { followOperation } from './follow-operation.ts';

/** `inn agent install VM`: through the agent of others in the guest, or with --print by hand. */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    flag(
      '--print',
      'print the lines to paste into a root shell of the guest, which downloads the agent from the daemon',
    ),
    flag('--base64', 'with --print: lines that carry the agent themselves, for a guest without a network (1.3 MB)'),
    text('--url <url>', 'with --print: the daemon’s address as the guest reaches it (default: its own address)'),
    text('--arch <name>', 'with --base64: amd64 or arm64 (default: the guest’s)'),
  ],
  async run({ client, options }, vm) {
    if (!options.print) {
      if (options.base64 || options.url !== undefined || options.arch !== undefined)
        throw new CliError('--base64, --url and --arch are options of --print.');
      const { stage } = await followOperation(client, await client.vms.installAgent({ vm }), options.quiet);
      process.stdout.write(`${stage}\n`);
      return;
    }
    process.stdout.write(
      options.base64 ? await base64Lines(client, vm, options.arch) : await httpLines(client, options.url),
    );
  },
});

async function httpLines(client: InnkeeperClient, given: string | undefined): Promise<string> {
  const { webUrl } = given === undefined ? await client.node.getNode({}) : { webUrl: given };
  const url = URL.parse(webUrl)?.origin;
  if (url === undefined || !/^https?:/.test(url))
    throw new CliError('The daemon listens on no port that a guest could reach: name one with --url, or use --base64.');
  return `curl -fsS ${url}/install-agent.sh | sh\n# Without curl:\nwget -q -O - ${url}/install-agent.sh | sh\n`;
}

/** Lines of 76 characters, since a terminal takes 4,096 in a line. */
async function base64Lines(client: InnkeeperClient, vm: string, arch = ''): Promise<string> {
  const { architecture, script, program, sha256 } = await client.vms.getAgentInstaller({ vm, architecture: arch });
  const file = `agent/linux-${architecture}`;
  return [
    'cd "$(mktemp -d)" && mkdir agent',
    hereDocument(file, program),
    `echo ${sha256} >${file}.sha256`,
    hereDocument('install-agent.sh', Buffer.from(script)),
    'sh ./install-agent.sh && rm -r "$PWD"',
    '',
  ].join('\n');
}

function hereDocument(path: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return `base64 -d >${path} <<'END'\n${lines.join('\n')}\nEND`;
}
