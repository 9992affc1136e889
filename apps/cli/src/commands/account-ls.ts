import { UserAccountSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { printRows } from '../output/print-list.ts';

/** `inn account ls VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: outputOptions,
  async run({ client, options }, vm) {
    const { accounts, omitted } = await client.agent(vm).accounts.list({});
    printRows(accounts, {
      schema: UserAccountSchema,
      columns: [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'UID', align: 'right', value: ({ uid }) => String(uid) },
        { title: 'PASSWORD', value: ({ hasPassword }) => (hasPassword ? 'yes' : 'none') },
        {
          title: 'STATE',
          value: ({ locked, expired }) =>
            [locked ? 'locked' : '', expired ? 'expired' : ''].filter((word) => word !== '').join(', ') || '–',
        },
        { title: 'SHELL', value: ({ shell }) => shell },
        { title: 'HOME', value: ({ home }) => home },
      ],
      nameOf: ({ name }) => name,
      whenEmpty: 'This guest has no accounts.',
      options,
    });
    if (omitted > 0 && !options.quiet) process.stderr.write(`${omitted} more are not shown.\n`);
  },
});
