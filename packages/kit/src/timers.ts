import { linkSignals } from './link-signals.ts';
import { onAbort, orAborted } from './on-abort.ts';

/** Timers as a parameter: the platform's, or a test's. */
export interface Timers {
  /** Calls back once after `delayMs` milliseconds; returns a function that cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** The part of `globalThis` that Node and browsers share. */
export interface TimerFunctions {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** The timers of Node and browsers: `timersOf(globalThis)`. */
export function timersOf(platform: TimerFunctions): Timers {
  return {
    setTimer: (delayMs, callback) => {
      const timer = platform.setTimeout(callback, delayMs);
      return () => platform.clearTimeout(timer);
    },
  };
}

/** Resolves after `delayMs`, or immediately on abort; never rejects. */
export function pause(timers: Timers, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    let stop: () => void = () => undefined;
    const cancel = timers.setTimer(delayMs, () => {
      stop();
      resolve();
    });
    stop = onAbort(signal, () => {
      cancel();
      resolve();
    });
  });
}

export interface DeadlineOptions {
  readonly timers: Timers;
  /** Milliseconds; 0: no deadline. */
  readonly timeoutMs: number;
  /** The caller's signal; it ends the work as well. */
  readonly signal?: AbortSignal | undefined;
  /** Creates the error for the deadline. */
  readonly late: () => Error;
}

/**
 * Runs `work` until the deadline or the caller's abort, whichever is first. Then the signal of `work` is aborted and the
 * promise rejects immediately with the reason, whether or not `work` reacts. Unlike with AbortSignal.timeout, the clock is
 * a parameter, nothing is left running after the work, and the error says what was late.
 */
export async function withDeadline<T>(
  { timers, timeoutMs, signal, late }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === 0) return await work(signal ?? new AbortController().signal);
  const linked = linkSignals(signal);
  const cancel = timers.setTimer(timeoutMs, () => linked.abort(late()));
  try {
    return await orAborted(work(linked.signal), linked.signal);
  } finally {
    cancel();
    linked.unlink();
  }
}
