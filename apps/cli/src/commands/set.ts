import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';

/** `inn set VM…` */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly autostart?: 'on' | 'off' }>(command);
  const { autostart } = options;
  if (autostart === undefined)
    throw new CliError('Nothing to set: name a setting, such as --autostart on.', { exitCode: 2 });
  for (const vm of names) {
    const { name } = await client.vms.updateVm({ vm, autostart: autostart === 'on' });
    process.stdout.write(`${name}: autostart is ${autostart}.\n`);
  }
}
