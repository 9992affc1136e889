import { onAbort } from '@innkeeper/kit';
import type { Clock } from '../host.ts';
import type { ChangeWatch } from './change-watch.ts';

/** Links, addresses and mounts change in bursts; a report is sent when a burst has settled. */
const settleMs = 200;

/** Resolves after `intervalMs`, earlier after a change of the network or mounts, at once on abort. Never rejects. */
export function waitForChange(
  { clock, changes, signal }: { readonly clock: Clock; readonly changes: ChangeWatch; readonly signal: AbortSignal },
  intervalMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    let stopListening: () => void = () => undefined;
    let settle: (() => void) | undefined;
    const finish = (): void => {
      stop();
      cancelTimer();
      settle?.();
      stopListening();
      resolve();
    };
    const stop = changes.follow(() => {
      settle ??= clock.setTimer(settleMs, finish);
    });
    const cancelTimer = clock.setTimer(intervalMs, finish);
    stopListening = onAbort(signal, finish);
  });
}
