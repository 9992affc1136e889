import type { ExecStream } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract/errors';
import { type DeadlySignal, deadlySignals } from '../ended-by-signal.ts';
import { standardInput } from '../standard-input.ts';

/**
 * Signals that are passed on, with their numbers on Linux, which the guest is; ours may count otherwise. Those of job
 * control (TSTP, TTIN, TTOU) are about our own terminal and stay here.
 */
const forwarded = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 } as const;
/** A second ^C within this time leaves the command to itself; of TERM and HUP every second one does. */
const secondInterruptMs = 1000;

export interface TerminalOptions {
  readonly terminal: boolean;
  /** Whether standard input goes to the command. */
  readonly input: boolean;
  /** Our input broke off with an error; the command was given its end. */
  readonly onInputFailed: () => void;
  /** Whether the command can be reached now: it has started, and neither daemon nor agent is lost. */
  readonly isReachable: () => boolean;
  /** Called when we are told to end: at a signal while the command cannot be reached, and at the second in a row. */
  readonly onGiveUp: (signal: DeadlySignal) => void;
}

/** Our input, signals and size go to the command; the function returned puts everything back. */
export function connectTerminal(stream: ExecStream, options: TerminalOptions): () => void {
  const { stdin, stdout } = process;
  const received = new Set<string>();
  let lastInterruptMs = Number.NEGATIVE_INFINITY;
  const onSignal = (name: NodeJS.Signals): void => {
    const deadly = deadlySignals.find((each) => each === name);
    const now = performance.now();
    const isSecond = name === 'SIGINT' ? now - lastInterruptMs < secondInterruptMs : received.has(name);
    if (name === 'SIGINT') lastInterruptMs = now;
    received.add(name);
    // Sent in any case: it arrives if the command can be reached after all.
    stream.kill(forwarded[name as keyof typeof forwarded]);
    if (deadly !== undefined && (isSecond || !options.isReachable())) options.onGiveUp(deadly);
  };
  let isReleased = false;
  const onResize = (): void => stream.resize(stdout.columns, stdout.rows);
  for (const name of Object.keys(forwarded)) process.on(name, onSignal);
  if (options.terminal) {
    if (stdin.isTTY) stdin.setRawMode(true);
    stdout.on('resize', onResize);
  }
  if (options.input)
    pumpInput(stream).catch((error: unknown) => {
      // The command ended while input was on its way: its own end is what counts.
      if (isOperationError(error) || isReleased) return;
      process.stderr.write(`inn: standard input cannot be read: ${String(error)}\n`);
      options.onInputFailed();
      // Without it the command would wait for the rest forever.
      stream.endStdin();
    });
  return () => {
    isReleased = true;
    for (const name of Object.keys(forwarded)) process.off(name, onSignal);
    stdout.off('resize', onResize);
    if (stdin.isTTY && options.terminal) stdin.setRawMode(false);
    stdin.destroy();
  };
}

async function pumpInput(stream: ExecStream): Promise<void> {
  for await (const chunk of standardInput()) await stream.writeStdin(chunk);
  stream.endStdin();
}
