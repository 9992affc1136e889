import { RunSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { clean, cleanLines } from '../output/clean.ts';
import { formatTime } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { runStateLabel } from '../output/state-labels.ts';
import { formatTable } from '../output/table.ts';
import { runTargetColumns } from './run-table.ts';

/** `inn runs show ID` */
export const command = defineCommand({
  arguments: '<id>',
  options: outputOptions,
  async run({ client, options }, id) {
    const run = await client.runs.get(id);
    if (options.output === 'json' || options.output === 'yaml') {
      printObject(options.output, RunSchema, run);
      return;
    }
    const { spec } = run;
    const as = [spec?.user, spec?.group].filter((each) => each).join(':');
    const lines = [
      `${clean(spec?.title ?? '')}: ${runStateLabel(run.state)}`,
      `by ${clean(run.user)}, started ${formatTime(run.startedUnixNs)}, ended ${formatTime(run.endedUnixNs)}`,
      ...(as === '' ? [] : [`as ${clean(as)}`]),
      ...(spec?.workingDirectory ? [`in ${clean(spec.workingDirectory)}`] : []),
      ...(spec === undefined || spec.argv.length === 0 ? [] : [`command: ${clean(spec.argv.join(' '))}`]),
      ...(spec?.interpreter ? [`interpreter: ${clean(spec.interpreter)}`] : []),
      ...(spec?.script ? ['script:', `  ${cleanLines(spec.script, '  ')}`] : []),
      '',
    ];
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    process.stdout.write(formatTable(run.targets, runTargetColumns, { headers: options.headers }));
  },
});
