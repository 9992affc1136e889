/** Resolves after the time, or when the signal is aborted. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const either = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    if (either.aborted) resolve();
    either.addEventListener('abort', () => resolve(), { once: true });
  });
}
