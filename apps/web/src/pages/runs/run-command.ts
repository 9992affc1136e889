import type { RunSpec } from '@innkeeper/contract/control';
import { quoteWord } from '../../format/quote-word.ts';
import { formatTimeout } from './start/parse-timeout.ts';

export interface RunPlace {
  readonly vms: readonly string[];
  /** Instead of VMs. */
  readonly filter: string;
}

const mib = 1_048_576n;

/** `inn` commands that do what the pages of runs do. */
export const runCommands = {
  start: startCommand,
  list: ({ vm, user, text }: Readonly<Record<'vm' | 'user' | 'text', string>>) =>
    ['inn runs ls', ...option('--on', vm), ...option('--by', user), ...option('--text', text)].join(' '),
  show: (id: string) => `inn runs show ${quoteWord(id)}`,
  follow: (id: string) => `inn runs follow ${quoteWord(id)}`,
  output: (id: string, vm: string) => `inn runs output ${quoteWord(id)} --on ${quoteWord(vm)}`,
  cancel: (id: string) => `inn runs cancel ${quoteWord(id)}`,
};

/** The same run. A script is given as a file. */
function startCommand(spec: RunSpec, { vms, filter }: RunPlace): string {
  const { title, argv, script, interpreter, user, group, workingDirectory, environment, timeoutMs, maxOutputBytes } =
    spec;
  const isScript = argv.length === 0;
  // One word could be the name of a VM; that a VM runs is meant anyway.
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
