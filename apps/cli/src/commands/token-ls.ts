import { TokenSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { flag, outputOptions } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';

/** `inn token ls` */
export const command = defineCommand({
  options: [...outputOptions, flag('--all', 'include the tokens of all users')],
  async run({ client, allPages, options }) {
    const tokens = await allPages(
      (page) => client.access.listTokens({ ...page, all: options.all }),
      (answer) => answer.tokens,
    );
    printRows(tokens, {
      schema: TokenSchema,
      columns: [
        { title: 'ID', value: (token) => token.id },
        { title: 'NAME', value: (token) => token.name },
        { title: 'USER', value: (token) => token.user },
        { title: 'SCOPE', value: (token) => token.scope },
        {
          title: 'PRIVILEGES',
          value: (token) => (token.privileges.includes('*') ? 'all of its user' : token.privileges.join(' ')),
        },
        { title: 'EXPIRES', value: (token) => formatTime(token.expiresUnixNs) },
        { title: 'LAST USED', value: (token) => formatTime(token.lastUsedUnixNs) },
      ],
      nameOf: (token) => token.id,
      whenEmpty: 'No tokens. Create one: inn token create NAME',
      options,
    });
  },
});
