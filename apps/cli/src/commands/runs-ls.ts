import { type Run, RunSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions, text } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';
import { runStateLabel } from '../output/state-labels.ts';
import { parseCount } from '../parse-values.ts';

/** VMs that are listed by name; the others are counted. */
const namedVms = 3;

/** `inn runs ls` */
export const command = defineCommand({
  options: [
    ...outputOptions,
    text('--on <vm>', 'only runs on this VM'),
    text('--by <user>', 'only runs of this user'),
    text('--text <words>', 'only runs with this text in their title, command or script'),
    text('-n, --lines <count>', 'number of runs, at most 10000', '50'),
  ],
  async run({ client, options }) {
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
        { title: 'STATE', value: ({ state }) => runStateLabel(state) },
        { title: 'STARTED', value: ({ startedUnixNs }) => formatTime(startedUnixNs) },
        { title: 'BY', value: ({ user }) => user },
        { title: 'ON', value: vmNames },
        { title: 'WHAT', value: ({ spec }) => spec?.title ?? '' },
      ],
      nameOf: ({ id }) => id,
      whenEmpty: 'No runs. Start one: inn run --on VM -- CMD…',
      options,
    });
  },
});

function vmNames({ targets }: Run): string {
  const names = targets.slice(0, namedVms).map(({ vmName }) => vmName);
  const more = targets.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
