import { onAbort } from './on-abort.ts';

/** A controller that others can abort too. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  /** Aborts this signal alone. */
  abort(reason?: unknown): void;
  /** Lets go of the other signals; call it when the work is over. */
  unlink(): void;
}

/**
 * A signal that is aborted with the first of `signals`, with its reason, and by itself. Unlike AbortSignal.any it exists
 * in the guest's QuickJS, and what it listens to can be let go of.
 */
export function linkSignals(...signals: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const stops = signals.map((signal) => onAbort(signal, (reason) => controller.abort(reason)));
  const unlink = (): void => {
    for (const stop of stops.splice(0)) stop();
  };
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink,
  };
}
