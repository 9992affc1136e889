import { onAbort } from './on-abort.ts';

/** An abort controller that is also aborted by other signals. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  /** Aborts only this signal. */
  abort(reason?: unknown): void;
  /** Stops listening to the other signals; call it when the work is over. */
  unlink(): void;
}

/**
 * A signal that is aborted with the first of `signals`, with the same reason, or by its own `abort`. Unlike
 * AbortSignal.any it exists in the guest's QuickJS, and its listeners can be removed instead of staying on a long-lived
 * signal until the garbage collector runs.
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
