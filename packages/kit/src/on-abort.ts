/**
 * Calls `act` once with the signal's reason when it is aborted, at once if it already is. The function returned ends the
 * listening; call it when the work is over, so that a signal that lives long does not collect listeners.
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

/** The promise, or a rejection with the signal's reason when that is aborted first; the work itself is not ended. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, reject);
    work.then(resolve, reject).finally(stop);
  });
}
