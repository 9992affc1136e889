import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** `inn op cancel ID` */
export async function run(command: Command, id: string): Promise<void> {
  const { client } = contextOf(command);
  await client.operations.cancelOperation({ id });
  process.stdout.write('Cancelled.\n');
}
