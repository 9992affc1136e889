import { OperationError } from '@innkeeper/contract/errors';
import type { Clock } from './host.ts';

export interface DeadlineOptions {
  /** Who gave up ends the work as well. */
  readonly signal: AbortSignal;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Its name, for the message. */
  readonly what: string;
}

/**
 * Runs `work` until the deadline or the caller's signal, whichever is first; its signal is aborted then, and the promise
 * rejects at once, whether or not `work` notices.
 * @throws OperationError DEADLINE_EXCEEDED
 */
export async function withDeadline(
  { signal, timeoutMs, clock, what }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (timeoutMs === 0) return await work(signal);
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  const takeBack = clock.setTimer(timeoutMs, () =>
    controller.abort(new OperationError('DEADLINE_EXCEEDED', `${what} took longer than ${timeoutMs} ms.`)),
  );
  try {
    await orAborted(work(controller.signal), controller.signal);
  } finally {
    takeBack();
    signal.removeEventListener('abort', onAbort);
  }
}

/** The same messages; a wait for the next one rejects when the signal is aborted. */
export function abortable<T>(input: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = input[Symbol.asyncIterator]();
      return { next: () => orAborted(iterator.next(), signal) };
    },
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
