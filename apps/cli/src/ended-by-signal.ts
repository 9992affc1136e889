import { constants } from 'node:os';
import { CliError } from './cli-error.ts';

/** Signals that ask this process to end. */
export const terminationSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type TerminationSignal = (typeof terminationSignals)[number];

/**
 * A signal asked this process to end. Thrown so that terminals are restored and partial files removed first; the process
 * then ends by the signal itself.
 */
export class EndedBySignal extends CliError {
  readonly signal: TerminationSignal;

  constructor(signal: TerminationSignal) {
    super('', { exitCode: 128 + constants.signals[signal], silent: true });
    this.signal = signal;
  }
}

/** Calls `onSignal` for each signal that asks this process to end, instead of ending it, until the returned function is called. */
export function onTerminationSignal(onSignal: (signal: TerminationSignal) => void): () => void {
  for (const signal of terminationSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of terminationSignals) process.off(signal, onSignal);
  };
}

/** Ends this process by the signal itself, so that a shell sees the signal. */
export function dieOf(signal: TerminationSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
