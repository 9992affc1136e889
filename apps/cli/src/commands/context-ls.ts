import type { Command } from 'commander';
import { outputOf } from '../context.ts';
import { readContexts } from '../contexts/stored-contexts.ts';
import { printList } from '../output/print-list.ts';

/** `inn context ls`: the daemons inn knows; never their tokens. */
export async function run(command: Command): Promise<void> {
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
    options: outputOf(command),
  });
}
