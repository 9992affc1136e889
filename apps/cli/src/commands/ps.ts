import type { GuestProcess } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { choice, flag, outputOptions, text } from '../options.ts';
import { formatBytes, formatDuration, formatPercent, formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';
import type { Column } from '../output/table.ts';
import { parseCount } from '../parse-values.ts';
import { processTree } from './process-tree.ts';

/** The most that the daemon returns. */
const maxProcesses = 1000;

/** `inn ps VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    ...outputOptions,
    choice('--sort <by>', 'sort order', ['cpu', 'memory', 'pid', 'name'], 'cpu'),
    text('-n, --lines <count>', 'number of processes, at most 1000', '200'),
    flag('--tree', 'show children below their parents'),
    flag('--kernel-threads', 'include kernel threads'),
  ],
  async run({ client, options }, vm) {
    const { GuestProcessSchema } = await import('@innkeeper/contract/agent');
    const limit = parseCount(options.lines, '--lines', 1, maxProcesses);
    const isTree = options.tree && (options.output === 'table' || options.output === 'wide');
    const { processes, total } = await client.processes.list(vm, {
      sort: options.sort,
      // A tree needs the parents, however far down the list they are.
      pageSize: isTree ? maxProcesses : limit,
      kernelThreads: options.kernelThreads,
    });
    const rows = isTree ? processTree(processes).slice(0, limit) : processes.map((process) => ({ process, lines: '' }));
    const lines = new Map(rows.map((row) => [row.process, row.lines]));
    printRows(
      rows.map(({ process }) => process),
      {
        schema: GuestProcessSchema,
        columns: columnsWith((process) => lines.get(process) ?? ''),
        nameOf: ({ pid }) => `${pid}`,
        whenEmpty: 'The guest reports no processes.',
        options,
      },
    );
    if (rows.length < total && options.output === 'table' && !options.quiet)
      process.stderr.write(`${rows.length} of ${total} processes; -n shows more, at most ${maxProcesses}.\n`);
  },
});

function columnsWith(linesOf: (process: GuestProcess) => string): readonly Column<GuestProcess>[] {
  return [
    { title: 'PID', value: ({ pid }) => `${pid}`, align: 'right' },
    { title: 'PARENT', value: ({ parentPid }) => `${parentPid}`, align: 'right', wide: true },
    { title: 'USER', value: ({ user, uid }) => user || `${uid}` },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'CPU', value: ({ cpuPercent }) => formatPercent(cpuPercent), align: 'right' },
    { title: 'MEMORY', value: ({ rssBytes }) => formatBytes(rssBytes), align: 'right' },
    { title: 'CPU TIME', value: ({ cpuTimeMs }) => formatDuration(Number(cpuTimeMs) / 1000), align: 'right' },
    { title: 'THREADS', value: ({ threads }) => `${threads}`, align: 'right', wide: true },
    { title: 'STARTED', value: ({ startedUnixNs }) => formatTime(startedUnixNs), wide: true },
    {
      title: 'COMMAND',
      value: (process) => `${linesOf(process)}${process.command === '' ? `[${process.name}]` : process.command}`,
    },
  ];
}
