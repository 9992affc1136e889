import type { Host } from '../host.ts';

/** Links and addresses change in bursts; the report comes when a burst has settled. */
const settleMs = 200;

/** Resolves after `intervalMs`, sooner when the network changed, at once on abort. Never rejects. */
export function waitForChange(host: Host, intervalMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let settle: (() => void) | undefined;
    const finish = (): void => {
      stopWatching();
      takeBack();
      settle?.();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stopWatching = watchNetwork(host, () => {
      settle ??= host.clock.setTimer(settleMs, finish);
    });
    const takeBack = host.clock.setTimer(intervalMs, finish);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

function watchNetwork(host: Host, callback: () => void): () => void {
  try {
    return host.network.watch(callback);
  } catch {
    // No netlink in this kernel or sandbox: then reports come at their interval only.
    return () => undefined;
  }
}
