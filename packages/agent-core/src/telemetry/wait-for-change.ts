import { onAbort } from '@innkeeper/kit';
import type { Clock } from '../host.ts';
import type { ChangeWatch } from './change-watch.ts';

/** Links, addresses and mounts change in bursts; the report comes when a burst has settled. */
const settleMs = 200;

/** Resolves after `intervalMs`, sooner when the network or a mount changed, at once on abort. Never rejects. */
export function waitForChange(
  { clock, changes, signal }: { readonly clock: Clock; readonly changes: ChangeWatch; readonly signal: AbortSignal },
  intervalMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    let untie: () => void = () => undefined;
    let settle: (() => void) | undefined;
    const finish = (): void => {
      stop();
      takeBack();
      settle?.();
      untie();
      resolve();
    };
    const stop = changes.follow(() => {
      settle ??= clock.setTimer(settleMs, finish);
    });
    const takeBack = clock.setTimer(intervalMs, finish);
    untie = onAbort(signal, finish);
  });
}
