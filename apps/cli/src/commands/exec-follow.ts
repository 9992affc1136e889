import { setTimeout as delay } from 'node:timers/promises';
import type { ExecStream } from '@innkeeper/client';
import { OutputStream } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { onBrokenOutput } from '../broken-output.ts';
import { EndedBySignal, type TerminationSignal } from '../ended-by-signal.ts';
import { writeAll } from '../write-all.ts';
import { commandCodes, endedCode, endNotes, failureCode } from './command-exit-code.ts';
import { connectTerminal } from './connect-terminal.ts';

interface FollowExecOptions {
  readonly terminal: boolean;
  /** Whether standard input is passed to the command. */
  readonly input: boolean;
  /** Whether lost output is not an error: after --attach the oldest output may be gone. */
  readonly mayMissOutput: boolean;
  /** Whether the daemon or the agent is unreachable now. */
  readonly isLost: () => boolean;
}

/**
 * Signals for a command whose output is no longer read, by their numbers on Linux: PIPE, and then what ends a program that
 * ignores it: HUP, TERM, KILL.
 */
const unreadSignals = [13, 1, 15, 9] as const;
/** Milliseconds between them. */
const unreadSignalMs = 2000;

/**
 * Passes input, output and signals through until the command ends. Returns the exit code.
 * @throws EndedBySignal after detaching, and if a signal was passed on that ended the command
 */
export async function followExec(
  stream: ExecStream,
  { isLost, mayMissOutput, ...options }: FollowExecOptions,
): Promise<number> {
  let endedBy: TerminationSignal | undefined;
  let hasStarted = false;
  let isIncomplete = false;
  const onInputFailed = (): void => {
    isIncomplete = true;
  };
  const onDetach = (signal: TerminationSignal): void => {
    if (endedBy !== undefined) return;
    endedBy = signal;
    process.stderr.write(
      `inn: detached; the command gets HUP in a minute unless it is followed again: --attach ${stream.id}\n`,
    );
    stream.close();
  };
  const isReachable = (): boolean => hasStarted && !isLost();
  const terminal = connectTerminal(stream, { ...options, isReachable, onInputFailed, onDetach });
  const ended = Promise.withResolvers<void>();
  const forgetOutput = onBrokenOutput(() => endUnread(stream, ended.promise), commandCodes.failed);
  try {
    for await (const { event } of stream) {
      hasStarted = true;
      if (event.case === 'output')
        await writeAll(event.value.stream === OutputStream.STDERR ? process.stderr : process.stdout, event.value.data);
      else if (event.case === 'gap') {
        process.stderr.write(`inn: ${event.value.bytes} bytes of output were dropped before they could be read\n`);
        isIncomplete ||= !mayMissOutput;
      } else if (event.case === 'exited') {
        const code = endedCode(event.value);
        for (const note of endNotes(event.value)) process.stderr.write(`inn: ${note}\n`);
        const signal = terminal.signalOf(code);
        if (signal !== undefined) throw new EndedBySignal(signal);
        return code === 0 && isIncomplete ? commandCodes.failed : code;
      }
    }
    return commandCodes.failed;
  } catch (error) {
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
    throw error;
  } finally {
    ended.resolve();
    forgetOutput();
    terminal.release();
  }
}

/** Ends a command whose output is no longer read. Resolves when it has ended, or does not end. */
async function endUnread(stream: ExecStream, ended: Promise<void>): Promise<void> {
  for (const signal of unreadSignals) {
    stream.kill(signal);
    const timeout = new AbortController();
    const waited = delay(unreadSignalMs, false, { signal: timeout.signal }).catch(() => false);
    const isOver = await Promise.race([ended.then(() => true), waited]);
    timeout.abort();
    if (isOver) return;
  }
}

/** The exit code for a command that could not be started or followed. */
export function execFailureCode(error: unknown): number {
  return isOperationError(error) ? failureCode(error.reason) : commandCodes.failed;
}
