import { createInterface } from 'node:readline/promises';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { flag } from '../options.ts';
import { followOperation } from './follow-operation.ts';

/** `inn rm VM…` */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [flag('-f, --force', 'kill running VMs first'), flag('-y, --yes', 'do not ask for confirmation')],
  async run({ client, options: { force, yes, quiet } }, names) {
    if (!yes) await confirm(names);
    for (const name of names) {
      await followOperation(client, await client.vms.deleteVm({ vm: name, force }), quiet);
      process.stdout.write(`${name} is removed.\n`);
    }
  },
});

/** Asks on the terminal. @throws CliError if the answer is no, or standard input is not a terminal */
async function confirm(names: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliError('This removes disks permanently. Confirm with --yes, since standard input is not a terminal.');
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asker.question(
    `Remove ${names.join(', ')} with ${names.length === 1 ? 'its disk' : 'their disks'}? [y/N] `,
  );
  asker.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('Nothing was removed.', { exitCode: exitCodes.interrupted });
}
