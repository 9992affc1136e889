import { linkSignals } from './link-signals.ts';
import { onAbort, orAborted } from './on-abort.ts';

/** Time as a parameter: the platform's timers, or those of a test. */
export interface Timers {
  /** Calls back once after `delayMs` milliseconds; the function returned cancels that. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Resolves after `delayMs`, or at once on abort; never rejects. */
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
  /** Milliseconds; 0: no deadline, and the work alone says when it ends. */
  readonly timeoutMs: number;
  /** The caller's: ends the work as well. */
  readonly signal?: AbortSignal | undefined;
  /** The error at the deadline. */
  readonly late: () => Error;
}

/**
 * Runs `work` until the deadline or the caller's abort, whichever is first: its signal is aborted then, and the promise
 * rejects at once with the reason, whether or not `work` notices.
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
