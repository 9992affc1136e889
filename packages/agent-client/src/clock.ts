/** Time as the link uses it; a test hands in its own. */
export interface LinkClock {
  /** Milliseconds that only go forward. */
  nowMs(): number;
  /** Wall time, nanoseconds since the Unix epoch. */
  wallNs(): bigint;
  /** Calls back once; the function returned takes it back. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Calls back once others have had their turn of the event loop. */
  nextTurn(callback: () => void): void;
}

/** Resolves after `delayMs`, or at once on abort; never rejects. */
export function pause(clock: LinkClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      takeBack();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const takeBack = clock.setTimer(delayMs, finish);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
