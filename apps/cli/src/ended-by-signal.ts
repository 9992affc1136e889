import { constants } from 'node:os';
import { CliError } from './cli-error.ts';

/** Signals that ask us to end. */
export const deadlySignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type DeadlySignal = (typeof deadlySignals)[number];

/** A signal told us to end. Thrown, so that terminals are put back and halves removed first; then we die of the signal. */
export class EndedBySignal extends CliError {
  readonly signal: DeadlySignal;

  constructor(signal: DeadlySignal) {
    super('', { exitCode: 128 + constants.signals[signal], silent: true });
    this.signal = signal;
  }
}

/** Calls `onSignal` for each signal that asks us to end; the function returned lets them kill again. */
export function onDeadlySignal(onSignal: (signal: DeadlySignal) => void): () => void {
  for (const signal of deadlySignals) process.on(signal, onSignal);
  return () => {
    for (const signal of deadlySignals) process.off(signal, onSignal);
  };
}

/** Ends this process by the signal itself, so that a shell sees what ended it. */
export function dieOf(signal: DeadlySignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
