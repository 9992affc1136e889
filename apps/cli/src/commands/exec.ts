import { constants } from 'node:os';
import type { ExecStream } from '@innkeeper/client';
import { type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { printError } from '../output/print-error.ts';
import { parseDuration } from '../parse-duration.ts';
import { writeAll } from '../write-all.ts';

interface Options {
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: readonly string[];
  readonly timeout?: string;
  readonly detach?: boolean;
  readonly attach?: string;
}

/** Signals that are passed on to the guest's command. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** As docker has them: 125 ours before the start, 126 not executable, 127 not found, 124 timeout. */
const codes = { before: 125, notExecutable: 126, notFound: 127, timeout: 124 } as const;

/** `inn exec VM -- CMD…`: streams both ways, and ends as the command does. */
export async function run(command: Command, vm: string, given: readonly string[]): Promise<void> {
  // Everything after the VM is passed through, the dashes that end our own options among it.
  const words = given[0] === '--' ? given.slice(1) : given;
  const { client, options } = contextOf<Options>(command);
  if (words.length === 0 && options.attach === undefined) throw new CliError('Which command? inn exec VM -- CMD…');
  const terminal =
    options.tty ?? (process.stdin.isTTY === true && process.stdout.isTTY === true && options.detach !== true);
  const stream = client.exec(vm, {
    ...(options.attach === undefined
      ? { start: specOf(words, options, terminal) }
      : { attach: { id: options.attach } }),
    onInterruption: (what) => {
      if (options.quiet !== true) process.stderr.write(`inn: ${what}\n`);
    },
  });
  try {
    process.exitCode =
      options.detach === true ? await detach(stream) : await follow(stream, terminal, options.attach !== undefined);
  } catch (error) {
    printError(error, false);
    throw new CliError('', { exitCode: failureCode(error), silent: true });
  }
}

function specOf(words: readonly string[], options: Options, terminal: boolean) {
  const [user = '', group = ''] = (options.user ?? '').split(':');
  return {
    argv: [...words],
    user,
    group,
    workingDirectory: options.workdir ?? '',
    environment: Object.fromEntries((options.env ?? []).map(parseVariable)),
    timeoutMs: options.timeout === undefined ? 0 : parseDuration(options.timeout, '--timeout'),
    stdin: options.detach !== true,
    neverWaitForReader: options.detach === true,
    ...(terminal ? { terminal: { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 } } : {}),
  };
}

function parseVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 1 ? [text, process.env[text] ?? ''] : [text.slice(0, at), text.slice(at + 1)];
}

async function detach(stream: ExecStream): Promise<number> {
  for await (const { event } of stream) {
    if (event.case !== 'started') continue;
    process.stdout.write(`${event.value.id}\n`);
    break;
  }
  return 0;
}

async function follow(stream: ExecStream, terminal: boolean, attached: boolean): Promise<number> {
  const release = connectTerminal(stream, terminal, attached);
  try {
    for await (const { event } of stream) {
      if (event.case === 'output')
        await writeAll(event.value.stream === OutputStream.STDERR ? process.stderr : process.stdout, event.value.data);
      else if (event.case === 'gap')
        process.stderr.write(`inn: ${event.value.bytes} bytes of output were dropped before they could be read\n`);
      else if (event.case === 'exited') return exitCodeOf(event.value);
    }
    return codes.before;
  } finally {
    release();
  }
}

/** Our input, signals and size go to the command; the function returned puts everything back. */
function connectTerminal(stream: ExecStream, terminal: boolean, attached: boolean): () => void {
  const { stdin, stdout } = process;
  const onSignal = (signal: NodeJS.Signals): void => stream.kill(constants.signals[signal]);
  const onResize = (): void => stream.resize(stdout.columns, stdout.rows);
  for (const signal of forwarded) process.on(signal, onSignal);
  if (terminal) {
    if (stdin.isTTY) stdin.setRawMode(true);
    stdout.on('resize', onResize);
  }
  if (!attached)
    pumpInput(stream).catch((error: unknown) => {
      // The command ended while input was on its way: its own end is what counts.
      if (!isOperationError(error)) throw error;
    });
  return () => {
    for (const signal of forwarded) process.off(signal, onSignal);
    stdout.off('resize', onResize);
    if (stdin.isTTY && terminal) stdin.setRawMode(false);
    stdin.destroy();
  };
}

async function pumpInput(stream: ExecStream): Promise<void> {
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) await stream.writeStdin(chunk);
  stream.endStdin();
}

/** The guest's own code; 128 and the number for a signal; 124 for our timeout. */
function exitCodeOf(exited: ExecExited): number {
  if (exited.ending === 2) return codes.timeout;
  return exited.status.case === 'signal' ? 128 + exited.status.value : (exited.status.value ?? codes.before);
}

function failureCode(error: unknown): number {
  if (!isOperationError(error)) return codes.before;
  if (error.reason === 'COMMAND_NOT_FOUND') return codes.notFound;
  return error.reason === 'COMMAND_NOT_EXECUTABLE' ? codes.notExecutable : codes.before;
}
