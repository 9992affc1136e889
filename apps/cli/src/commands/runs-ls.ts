import { type Run, RunSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import { runStateWord } from '../output/words.ts';
import { parseCount } from '../parse-count.ts';

interface Options {
  readonly on?: string;
  readonly by?: string;
  readonly text?: string;
  readonly lines: string;
}

const namedVms = 3;

/** `inn runs ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf<Options>(command);
  const limit = parseCount(options.lines, '--lines', 1, 10_000);
  const runs: Run[] = [];
  const wanted = { vm: options.on, user: options.by, text: options.text, pageSize: Math.min(limit, 200) };
  for await (const each of client.runs.list(wanted)) {
    runs.push(each);
    if (runs.length === limit) break;
  }
  printRows(runs, {
    schema: RunSchema,
    columns: [
      { title: 'ID', value: ({ id }) => id },
      { title: 'STATE', value: ({ state }) => runStateWord(state) },
      { title: 'STARTED', value: ({ startedUnixNs }) => formatTime(startedUnixNs) },
      { title: 'BY', value: ({ user }) => user },
      { title: 'ON', value: vmNames },
      { title: 'WHAT', value: ({ spec }) => spec?.title ?? '' },
    ],
    nameOf: ({ id }) => id,
    whenEmpty: 'No runs. Make one: inn run --on VM -- CMD…',
    options,
  });
}

function vmNames({ targets }: Run): string {
  const names = targets.slice(0, namedVms).map(({ vmName }) => vmName);
  const more = targets.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
