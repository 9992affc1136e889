import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** `inn user rm NAME…`: with their sessions and tokens. */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client } = contextOf(command);
  for (const name of names) {
    await client.access.deleteUser({ name });
    process.stdout.write(`${name} is removed.\n`);
  }
}
