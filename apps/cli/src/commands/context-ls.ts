import { readContexts } from '../contexts/stored-contexts.ts';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { printList } from '../output/print-list.ts';

/** `inn context ls`: the daemons that inn is logged in to, without their tokens. */
export const command = defineCommand({
  options: outputOptions,
  async run({ options }) {
    const { current, contexts } = readContexts();
    const rows = [
      { name: 'local', url: '', user: '', current: current === '' },
      ...Object.entries(contexts).map(([name, { url, user = '' }]) => ({ name, url, user, current: name === current })),
    ];
    printList(rows, {
      columns: [
        { title: 'CURRENT', value: (row) => (row.current ? '*' : '') },
        { title: 'NAME', value: (row) => row.name },
        { title: 'URL', value: (row) => row.url || 'the daemon on this machine' },
        { title: 'USER', value: (row) => row.user },
      ],
      nameOf: (row) => row.name,
      objectOf: (row) => row,
      whenEmpty: '',
      options,
    });
  },
});
