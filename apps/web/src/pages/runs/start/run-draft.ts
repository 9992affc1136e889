import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { parseVmFilter } from '@innkeeper/contract';
import { type RunSpec, RunSpecSchema, type StartRunRequestSchema } from '@innkeeper/contract/control';
import { formatTimeout, parseTimeout } from './parse-timeout.ts';

/** The form of a new run. */
export interface RunDraft {
  readonly kind: 'command' | 'script';
  /** A command line for /bin/sh. */
  readonly command: string;
  readonly script: string;
  readonly interpreter: string;
  readonly user: string;
  readonly group: string;
  readonly directory: string;
  /** "NAME=VALUE", one per line. */
  readonly environment: string;
  readonly timeout: string;
  /** Kept output per VM, in MiB. */
  readonly outputMib: number;
  readonly title: string;
  readonly where: 'vms' | 'filter';
  /** VM names. */
  readonly vms: readonly string[];
  readonly filter: string;
}

export const emptyDraft: RunDraft = {
  kind: 'command',
  command: '',
  script: '',
  interpreter: '',
  user: '',
  group: '',
  directory: '',
  environment: '',
  timeout: '',
  outputMib: 1,
  title: '',
  where: 'vms',
  vms: [],
  filter: '',
};

const maxScriptBytes = 1024 * 1024;
const maxTimeoutMs = 24 * 3_600_000;
const mib = 1024n * 1024n;
const shell = ['/bin/sh', '-c'] as const;

export type DraftProblems = Partial<
  Record<'command' | 'script' | 'interpreter' | 'directory' | 'environment' | 'timeout' | 'filter', string>
>;

/** The problem of each invalid field; empty if all are valid. */
export function draftProblems(draft: RunDraft): DraftProblems {
  const { kind, command, script, interpreter, directory, timeout, where, filter } = draft;
  const isAbsolute = (path: string): boolean => path === '' || path.startsWith('/');
  const timeoutMs = timeout.trim() === '' ? 1 : (parseTimeout(timeout) ?? 0);
  const [wrongLine] = environmentLines(draft).filter((line) => !/^[A-Za-z_]\w*=/.test(line));
  const [filterProblem] = where === 'filter' ? parseVmFilter(filter).problems : [];
  return {
    ...(kind === 'command' && command.trim() === '' && { command: 'Enter a command.' }),
    ...(kind === 'script' && scriptProblem(script)),
    ...(kind === 'script' && !isAbsolute(interpreter) && { interpreter: 'Enter an absolute path, such as /bin/bash.' }),
    ...(!isAbsolute(directory) && { directory: 'Enter an absolute path.' }),
    ...((timeoutMs <= 0 || timeoutMs > maxTimeoutMs) && {
      timeout: 'Enter a duration such as 30s, 10m or 2h; at most 24h.',
    }),
    ...(wrongLine !== undefined && { environment: `“${wrongLine.slice(0, 40)}” is not NAME=VALUE.` }),
    ...(filterProblem !== undefined && { filter: filterProblem.message }),
  };
}

function scriptProblem(script: string): DraftProblems {
  if (script.trim() === '') return { script: 'Enter a script.' };
  const bytes = new TextEncoder().encode(script).length;
  return bytes > maxScriptBytes ? { script: 'The script is larger than 1 MiB.' } : {};
}

/** Converts a valid draft to a request; check `draftProblems` first. */
export function draftRequest(draft: RunDraft): MessageInitShape<typeof StartRunRequestSchema> & object {
  const { kind, command, script, interpreter, user, group, directory, timeout, outputMib, title, where } = draft;
  return {
    spec: {
      title: title.trim() === '' && kind === 'command' ? firstLine(command) : title.trim(),
      ...(kind === 'command' ? { argv: [...shell, command] } : { script, interpreter }),
      user,
      group,
      workingDirectory: directory,
      environment: environmentOf(draft),
      timeoutMs: timeout.trim() === '' ? 0 : (parseTimeout(timeout) ?? 0),
      maxOutputBytes: BigInt(outputMib) * mib,
    },
    ...(where === 'vms' ? { vms: [...draft.vms] } : { filter: draft.filter }),
  };
}

/** A draft that repeats a run. Empty values in `environment` may be hidden from the user. */
export function draftOf(spec: RunSpec = create(RunSpecSchema), vms: readonly string[] = []): RunDraft {
  const command = commandLine(spec);
  const isCommand = spec.script === '';
  return {
    ...emptyDraft,
    kind: isCommand ? 'command' : 'script',
    command,
    script: spec.script,
    interpreter: spec.interpreter,
    user: spec.user,
    group: spec.group,
    directory: spec.workingDirectory,
    vms,
    environment: Object.entries(spec.environment)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    timeout: spec.timeoutMs === 0 ? '' : formatTimeout(spec.timeoutMs),
    outputMib: spec.maxOutputBytes === 0n ? 1 : Math.max(1, Math.ceil(Number(spec.maxOutputBytes) / 1_048_576)),
    title: spec.title === (isCommand ? firstLine(command) : scriptTitle(spec.script)) ? '' : spec.title,
  };
}

/** The command of a run as a shell command line. */
export function commandLine({ argv }: Pick<RunSpec, 'argv'>): string {
  const [program, option, line, ...others] = argv;
  if (program === shell[0] && option === shell[1] && line !== undefined && others.length === 0) return line;
  return argv.map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** Converts the environment to the API's form. */
function environmentOf(draft: Pick<RunDraft, 'environment'>): Record<string, string> {
  return Object.fromEntries(
    environmentLines(draft).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function environmentLines({ environment }: Pick<RunDraft, 'environment'>): string[] {
  return environment.split('\n').filter((line) => line.trim() !== '');
}

/** The title that the daemon gives to a script without one. */
function scriptTitle(script: string): string {
  const lines = script.split('\n');
  return (lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? lines[0] ?? '').trim().slice(0, 200);
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 200);
}
