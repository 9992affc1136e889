import { FileKind } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { parseCopyPath } from '../parse-copy-path.ts';
import { parsePlace } from '../parse-place.ts';

/** `inn files mv VM:/from [VM:]/to`; into a folder that is there it goes under its own name. */
export async function run(command: Command, from: string, to: string): Promise<void> {
  const { client, options } = contextOf<{ readonly force?: boolean }>(command);
  const { vm, path } = parsePlace(from);
  const target = parseCopyPath(to);
  if (target.vm !== undefined && target.vm !== vm) throw new CliError('Both must be in one VM; copy with: inn cp');
  if (!target.path.startsWith('/')) throw new CliError(`"${to}": a path in a VM is absolute, such as /tmp/file`);
  const name = path.split('/').findLast((part) => part !== '') ?? '';
  const isInto = await isFolder();
  const place = isInto ? `${target.path.replace(/\/+$/, '')}/${name}` : target.path;
  await client.files.rename(vm, path, place, { replace: options.force === true });

  async function isFolder(): Promise<boolean> {
    try {
      return (await client.files.stat(vm, target.path, { follow: true })).kind === FileKind.DIRECTORY;
    } catch (error) {
      if (isOperationError(error) && error.reason === 'FILE_NOT_FOUND') return false;
      throw error;
    }
  }
}
