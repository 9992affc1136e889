import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { followOperation } from './follow-operation.ts';

/** `inn rm VM…` */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly force?: boolean; readonly yes?: boolean }>(command);
  if (options.yes !== true) await confirm(names);
  for (const name of names) {
    await followOperation(
      client,
      await client.vms.deleteVm({ vm: name, force: options.force === true }),
      options.quiet === true,
    );
    process.stdout.write(`${name} is removed.\n`);
  }
}

/** Asks a person; a script has to say so itself. */
async function confirm(names: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY) throw new CliError('This removes disks for good. Say --yes when no one can be asked.');
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asker.question(
    `Remove ${names.join(', ')} with ${names.length === 1 ? 'its disk' : 'their disks'}? [y/N] `,
  );
  asker.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('Nothing was removed.', { exitCode: 130 });
}
