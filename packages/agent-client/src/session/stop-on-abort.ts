import type { SessionCall } from './session-call.ts';

/** Gives a call up when the signal fires; the function returned unties them. */
export function stopOnAbort(call: SessionCall, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  const onAbort = (): void => call.cancel(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  return () => signal.removeEventListener('abort', onAbort);
}
