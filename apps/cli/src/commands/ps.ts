import { type GuestProcess, GuestProcessSchema } from '@innkeeper/contract/agent';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatBytes, formatDuration, formatPercent, formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import type { Column } from '../output/table.ts';
import { parseCount } from '../parse-count.ts';
import { processForest } from './process-forest.ts';

const most = 1000;

interface PsOptions {
  readonly sort: 'cpu' | 'memory' | 'pid' | 'name';
  readonly lines: string;
  readonly tree?: boolean;
  readonly kernelThreads?: boolean;
}

/** `inn ps VM` */
export async function run(command: Command, vm: string): Promise<void> {
  const { client, options } = contextOf<PsOptions>(command);
  const limit = parseCount(options.lines, '--lines', 1, most);
  const isTree = options.tree === true && (options.output === 'table' || options.output === 'wide');
  const { processes, total } = await client.processes.list(vm, {
    sort: options.sort,
    // Of a tree the parents are wanted, however little they do.
    limit: isTree ? most : limit,
    kernelThreads: options.kernelThreads === true,
  });
  const rows = isTree ? processForest(processes).slice(0, limit) : processes.map((process) => ({ process, lines: '' }));
  const lines = new Map(rows.map((row) => [row.process, row.lines]));
  printRows(
    rows.map(({ process }) => process),
    {
      schema: GuestProcessSchema,
      columns: columnsWith((process) => lines.get(process) ?? ''),
      nameOf: ({ pid }) => `${pid}`,
      whenEmpty: 'The guest shows no process.',
      options,
    },
  );
  if (rows.length < total && options.output === 'table' && options.quiet !== true)
    process.stderr.write(`${rows.length} of ${total} processes; -n shows more, at most ${most}.\n`);
}

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
