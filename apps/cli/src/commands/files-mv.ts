import type { InnkeeperClient } from '@innkeeper/client';
import { FileKind } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { flag } from '../options.ts';
import { parseCopyPath, parseGuestPath } from '../parse-path.ts';

/** `inn files mv VM:/from [VM:]/to`. Moves into an existing folder under the file's own name. */
export const command = defineCommand({
  arguments: '<from> <to>',
  options: [flag('-f, --force', 'replace an existing file')],
  async run({ client, options }, from, to) {
    const { vm, path } = parseGuestPath(from);
    const target = parseCopyPath(to);
    if (target.vm !== undefined && target.vm !== vm)
      throw new CliError('Both paths must be in the same VM. Copy between VMs with inn cp.');
    if (!target.path.startsWith('/')) throw new CliError(`"${to}": a path in a VM must be absolute, such as /tmp/file`);
    const name = path.split('/').findLast((part) => part !== '') ?? '';
    const isInto = await isFolder(client, vm, target.path);
    const newPath = isInto ? `${target.path.replace(/\/+$/, '')}/${name}` : target.path;
    await client.files.rename(vm, path, newPath, { replace: options.force });
  },
});

async function isFolder(client: InnkeeperClient, vm: string, path: string): Promise<boolean> {
  try {
    return (await client.files.stat(vm, path, { follow: true })).kind === FileKind.DIRECTORY;
  } catch (error) {
    if (isOperationError(error) && error.reason === 'FILE_NOT_FOUND') return false;
    throw error;
  }
}
