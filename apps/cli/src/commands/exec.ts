import type { ExecStream } from '@innkeeper/client';
import { ExecEnding, type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { type DeadlySignal, EndedBySignal } from '../ended-by-signal.ts';
import { type ExecOptions, parseExecWords } from '../exec-options.ts';
import { printError } from '../output/print-error.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseVariable } from '../parse-variable.ts';
import { withSuggestion } from '../with-suggestion.ts';
import { writeAll } from '../write-all.ts';
import { connectTerminal } from './connect-terminal.ts';

/** As docker has them: 125 ours before the start, 126 not executable, 127 not found, 124 timeout. */
const codes = { before: 125, notExecutable: 126, notFound: 127, timeout: 124 } as const;

/** `inn exec VM -- CMD…`: streams both ways, and ends as the command does. */
export async function run(command: Command, vm: string, given: readonly string[]): Promise<void> {
  const { client, options: before } = contextOf<ExecOptions>(command);
  const { words, options: after } = parseExecWords(given, () => command.helpInformation());
  const options = { ...before, ...after, env: [...(before.env ?? []), ...(after.env ?? [])] };
  if (words.length === 0 && options.attach === undefined) throw new CliError('Which command? inn exec VM -- CMD…');
  const terminal =
    options.tty ?? (process.stdin.isTTY === true && process.stdout.isTTY === true && options.detach !== true);
  const lost = new Set<string>();
  const stream = client.exec(vm, {
    ...(options.attach === undefined
      ? { start: specOf(words, options, terminal) }
      : { attach: { id: options.attach } }),
    onInterruption: (what) => {
      const [who = '', state] = what.split(' ');
      if (state === 'lost') lost.add(who);
      else lost.delete(who);
      if (options.quiet !== true) process.stderr.write(`inn: ${what}\n`);
    },
  });
  try {
    process.exitCode =
      options.detach === true
        ? await detach(stream)
        : await follow(stream, {
            terminal,
            input: options.attach === undefined && options.stdin !== false,
            mayMissOutput: options.attach !== undefined,
            isLost: () => lost.size > 0,
          });
  } catch (error) {
    if (error instanceof EndedBySignal) throw error;
    printError(await withSuggestion(error, command), false);
    throw new CliError('', { exitCode: failureCode(error), silent: true });
  }
}

function specOf(words: readonly string[], options: ExecOptions, terminal: boolean) {
  const [user = '', group = ''] = (options.user ?? '').split(':');
  return {
    argv: [...words],
    user,
    group,
    workingDirectory: options.workdir ?? '',
    environment: Object.fromEntries((options.env ?? []).map(parseVariable)),
    timeoutMs: options.timeout === undefined ? 0 : parseDuration(options.timeout, '--timeout'),
    stdin: options.detach !== true && options.stdin !== false,
    neverWaitForReader: options.detach === true,
    ...(terminal ? { terminal: { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 } } : {}),
  };
}

async function detach(stream: ExecStream): Promise<number> {
  for await (const { event } of stream) {
    if (event.case !== 'started') continue;
    process.stdout.write(`${event.value.id}\n`);
    break;
  }
  return 0;
}

interface FollowOptions {
  readonly terminal: boolean;
  readonly input: boolean;
  /** Whoever attaches to a command knows that its oldest output may be gone. */
  readonly mayMissOutput: boolean;
  readonly isLost: () => boolean;
}

async function follow(stream: ExecStream, { isLost, mayMissOutput, ...options }: FollowOptions): Promise<number> {
  let endedBy: DeadlySignal | undefined;
  let hasStarted = false;
  let isIncomplete = false;
  const onInputFailed = (): void => {
    isIncomplete = true;
  };
  const onGiveUp = (signal: DeadlySignal): void => {
    if (endedBy !== undefined) return;
    endedBy = signal;
    process.stderr.write(
      `inn: left; the command runs on unless the signal ends it. Follow it: --attach ${stream.id}\n`,
    );
    stream.close();
  };
  const isReachable = (): boolean => hasStarted && !isLost();
  const release = connectTerminal(stream, { ...options, isReachable, onInputFailed, onGiveUp });
  try {
    for await (const { event } of stream) {
      hasStarted = true;
      if (event.case === 'output')
        await writeAll(event.value.stream === OutputStream.STDERR ? process.stderr : process.stdout, event.value.data);
      else if (event.case === 'gap') {
        process.stderr.write(`inn: ${event.value.bytes} bytes of output were dropped before they could be read\n`);
        isIncomplete ||= !mayMissOutput;
      } else if (event.case === 'exited') {
        const code = exitCodeOf(event.value);
        return code === 0 && isIncomplete ? codes.before : code;
      }
    }
    return codes.before;
  } catch (error) {
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
    throw error;
  } finally {
    release();
  }
}

/** The guest's own code; 128 and the number for a signal; 124 for our timeout. */
function exitCodeOf(exited: ExecExited): number {
  if (exited.ending === ExecEnding.TIMEOUT) return codes.timeout;
  return exited.status.case === 'signal' ? 128 + exited.status.value : (exited.status.value ?? codes.before);
}

function failureCode(error: unknown): number {
  if (!isOperationError(error)) return codes.before;
  if (error.reason === 'COMMAND_NOT_FOUND') return codes.notFound;
  return error.reason === 'COMMAND_NOT_EXECUTABLE' ? codes.notExecutable : codes.before;
}
