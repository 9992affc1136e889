import { createDeferred } from '@innkeeper/kit';

/** What tells a program to stop. */
export interface Stop {
  /** Aborted at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Resolves then, with the exit code: 0 after SIGTERM, 130 after SIGINT. */
  readonly exitCode: Promise<number>;
}

/** Listens for SIGTERM and SIGINT from now on. A second one ends the process at once. */
export function listenForStop(): Stop {
  const stopped = createDeferred<number>();
  const stop = new AbortController();
  const onSignal = (exitCode: number): void => {
    if (stop.signal.aborted) process.exit(exitCode === 0 ? 143 : exitCode);
    stop.abort(new Error('The daemon was told to stop.'));
    stopped.resolve(exitCode);
  };
  process.on('SIGTERM', () => onSignal(0));
  process.on('SIGINT', () => onSignal(130));
  return { signal: stop.signal, exitCode: stopped.promise };
}
