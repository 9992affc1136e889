import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** `inn token revoke ID…` */
export async function run(command: Command, ids: readonly string[]): Promise<void> {
  const { client } = contextOf(command);
  for (const id of ids) {
    await client.access.revokeToken({ id });
    process.stdout.write(`${id} is revoked.\n`);
  }
}
