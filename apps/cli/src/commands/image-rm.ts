import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image rm NAME…` */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client, options } = contextOf(command);
  for (const name of names) {
    await followOperation(client, await client.images.removeImage({ name }), options.quiet === true);
    process.stdout.write(`${name} is removed.\n`);
  }
}
