import { RunSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { clean, cleanLines } from '../output/clean.ts';
import { formatTime } from '../output/figures.ts';
import { printObject } from '../output/json.ts';
import { formatTable } from '../output/table.ts';
import { runStateWord } from '../output/words.ts';
import { runTargetColumns } from './run-table.ts';

/** `inn runs show ID` */
export async function run(command: Command, id: string): Promise<void> {
  const { client, options } = contextOf(command);
  const shown = await client.runs.get(id);
  if (options.output === 'json' || options.output === 'yaml') {
    printObject(options.output, RunSchema, shown);
    return;
  }
  const { spec } = shown;
  const as = [spec?.user, spec?.group].filter((each) => each).join(':');
  const lines = [
    `${clean(spec?.title ?? '')}: ${runStateWord(shown.state)}`,
    `by ${clean(shown.user)}, started ${formatTime(shown.startedUnixNs)}, ended ${formatTime(shown.endedUnixNs)}`,
    ...(as === '' ? [] : [`as ${clean(as)}`]),
    ...(spec?.workingDirectory ? [`in ${clean(spec.workingDirectory)}`] : []),
    ...(spec === undefined || spec.argv.length === 0 ? [] : [`command: ${clean(spec.argv.join(' '))}`]),
    ...(spec?.interpreter ? [`interpreter: ${clean(spec.interpreter)}`] : []),
    ...(spec?.script ? ['script:', `  ${cleanLines(spec.script, '  ')}`] : []),
    '',
  ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.stdout.write(formatTable(shown.targets, runTargetColumns, { headers: options.headers }));
}
