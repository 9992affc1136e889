import { onAbort } from '@innkeeper/kit';
import type { Host } from '../host.ts';

/** Resolves after `ms`. Rejects with the signal's reason. */
export async function pauseFor(host: Host, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = host.clock.setTimer(ms, done);
    const stopListening = onAbort(signal, done);
    function done(): void {
      cancel();
      stopListening?.();
      resolve();
    }
  });
  signal.throwIfAborted();
}
