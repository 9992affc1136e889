import type { ExecStream } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract/errors';
import { type TerminationSignal, terminationSignals } from '../ended-by-signal.ts';
import { standardInput } from '../standard-input.ts';
import { watchLongLines } from './long-lines.ts';

/**
 * Signals that are passed on, with their numbers on Linux: the guest runs Linux, this machine may not. Signals of job
 * control (TSTP, TTIN, TTOU) concern the local terminal and are not passed on.
 */
const forwarded = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 } as const;
/** A second ^C within this time detaches; a second TERM or HUP always does. */
const secondInterruptMs = 1000;

interface TerminalOptions {
  readonly terminal: boolean;
  /** Whether standard input is passed to the command. */
  readonly input: boolean;
  /** Called if reading standard input fails; the command then sees the end of its input. */
  readonly onInputFailed: () => void;
  /** Whether the command is reachable: it has started, and neither daemon nor agent is lost. */
  readonly isReachable: () => boolean;
  /** Called for a signal while the command is unreachable, and for the second one in a row. */
  readonly onDetach: (signal: TerminationSignal) => void;
}

interface ConnectedTerminal {
  /** The signal that was passed on and stands for an exit code of 128 and its number; undefined for another code. */
  signalOf(exitCode: number): TerminationSignal | undefined;
  /** Restores everything. */
  release(): void;
}

/** Passes input, signals and the size of the terminal to the command. */
export function connectTerminal(stream: ExecStream, options: TerminalOptions): ConnectedTerminal {
  const { stdin, stdout } = process;
  const received = new Set<string>();
  let lastInterruptMs = Number.NEGATIVE_INFINITY;
  const onSignal = (name: NodeJS.Signals): void => {
    const termination = terminationSignals.find((each) => each === name);
    const now = performance.now();
    const isSecond = name === 'SIGINT' ? now - lastInterruptMs < secondInterruptMs : received.has(name);
    if (name === 'SIGINT') lastInterruptMs = now;
    received.add(name);
    // Sent even if the command seems unreachable: the signal is delivered if it becomes reachable again.
    stream.kill(forwarded[name as keyof typeof forwarded]);
    if (termination !== undefined && (isSecond || !options.isReachable())) options.onDetach(termination);
  };
  let isReleased = false;
  const longLines = watchLongLines();
  const onResize = (): void => {
    // A window without a size, such as one that is being created.
    if (stdout.columns > 0 && stdout.rows > 0) stream.resize(stdout.columns, stdout.rows);
  };
  for (const name of Object.keys(forwarded)) process.on(name, onSignal);
  if (options.terminal) {
    if (stdin.isTTY) stdin.setRawMode(true);
    stdout.on('resize', onResize);
  }
  if (options.input)
    pumpInput(stream, options.terminal ? longLines.add : () => undefined).catch((error: unknown) => {
      // The command ended while input was sent: its exit code is what counts.
      if (isOperationError(error) || isReleased) return;
      process.stderr.write(`inn: standard input cannot be read: ${String(error)}\n`);
      options.onInputFailed();
      // Otherwise the command would wait for more input forever.
      stream.endStdin();
    });
  return {
    signalOf: (exitCode) => terminationSignals.find((name) => received.has(name) && exitCode === 128 + forwarded[name]),
    release: () => {
      isReleased = true;
      for (const name of Object.keys(forwarded)) process.off(name, onSignal);
      stdout.off('resize', onResize);
      if (stdin.isTTY && options.terminal) stdin.setRawMode(false);
      stdin.destroy();
      longLines.report();
    },
  };
}

async function pumpInput(stream: ExecStream, onInput: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of standardInput()) {
    onInput(chunk);
    await stream.writeStdin(chunk);
  }
  stream.endStdin();
}
