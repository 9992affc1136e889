import { TokenSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';

/** `inn token ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf<{ readonly all?: boolean }>(command);
  const { tokens } = await client.access.listTokens({ all: options.all === true });
  printRows(tokens, {
    schema: TokenSchema,
    columns: [
      { title: 'ID', value: (token) => token.id },
      { title: 'NAME', value: (token) => token.name },
      { title: 'USER', value: (token) => token.user },
      { title: 'SCOPE', value: (token) => token.scope },
      { title: 'PRIVILEGES', value: (token) => token.privileges.join(' ') || 'all of its user' },
      { title: 'EXPIRES', value: (token) => formatTime(token.expiresUnixNs) },
      { title: 'LAST USED', value: (token) => formatTime(token.lastUsedUnixNs) },
    ],
    nameOf: (token) => token.id,
    whenEmpty: 'No tokens yet: "inn token create NAME" makes one.',
    options,
  });
}
