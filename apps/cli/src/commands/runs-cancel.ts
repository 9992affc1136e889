import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** `inn runs cancel ID` */
export async function run(command: Command, id: string): Promise<void> {
  const { client } = contextOf(command);
  await client.runs.cancel(id);
}
