import type { RunSpec } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { formatTimeout } from './start/parse-timeout.ts';

export interface RunTargetChoice {
  readonly vms: readonly string[];
  /** Filter, used if not empty instead of `vms`. */
  readonly filter: string;
}

const mib = 1_048_576n;

/** `inn` commands that are equivalent to the pages of runs. */
export const runCommands = {
  start: startCommand,
  list: ({ vm, user, text }: Readonly<Record<'vm' | 'user' | 'text', string>>) =>
    ['inn runs ls', ...option('--on', vm), ...option('--by', user), ...option('--text', text)].join(' '),
  show: (id: string) => `inn runs show ${quoteWord(id)}`,
  follow: (id: string) => `inn runs follow ${quoteWord(id)}`,
  output: (id: string, vm: string) => `inn runs output ${quoteWord(id)} --on ${quoteWord(vm)}`,
  cancel: (id: string) => `inn runs cancel ${quoteWord(id)}`,
};

/** The command that starts the same run. A script is passed as a file. */
function startCommand(spec: RunSpec, { vms, filter }: RunTargetChoice): string {
  const { title, argv, script, interpreter, user, group, workingDirectory, environment, timeoutMs, maxOutputBytes } =
    spec;
  const isScript = argv.length === 0;
  // A single word could be the name of a VM; adding state:running, which applies anyway, makes it a filter.
  const where = /^[A-Za-z0-9-]+$/.test(filter) ? `${filter} state:running` : filter;
  const words = [
    'inn run',
    ...(isScript ? ['--script FILE'] : []),
    ...option('--interpreter', script === '' ? '' : interpreter),
    ...(filter === '' ? vms.flatMap((vm) => option('--on', vm)) : option('--on', where)),
    ...option('-u', user),
    ...option('--group', group),
    ...option('-w', workingDirectory),
    ...Object.entries(environment).flatMap(([name, value]) => option('-e', `${name}=${value}`)),
    ...option('--timeout', timeoutMs === 0 ? '' : formatTimeout(timeoutMs)),
    ...option('--max-output', maxOutputBytes <= mib ? '' : `${maxOutputBytes / mib}M`),
    ...option('--title', title === argv[2]?.trim() ? '' : title),
    ...(isScript ? [] : ['--', ...argv.map(quoteWord)]),
  ];
  return words.join(' ');
}

function option(name: string, value: string): string[] {
  return value === '' ? [] : [`${name} ${quoteWord(value)}`];
}
