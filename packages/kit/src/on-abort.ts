/**
 * Calls `act` once with the signal's reason when it is aborted, immediately if it already is. Returns a function that
 * removes the listener; call it when the work is over, so that listeners do not pile up on a long-lived signal.
 */
export function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => undefined;
  const listener = (): void => {
    signal.removeEventListener('abort', listener);
    act(signal.reason);
  };
  if (signal.aborted) {
    act(signal.reason);
    return () => undefined;
  }
  signal.addEventListener('abort', listener);
  return () => signal.removeEventListener('abort', listener);
}

/** Settles as the promise, or rejects with the signal's reason if that is aborted first; the work itself continues. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, reject);
    work.then(resolve, reject).finally(stop);
  });
}
