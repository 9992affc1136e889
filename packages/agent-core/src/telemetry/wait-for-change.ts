import type { Host } from '../host.ts';

/** Links, addresses and mounts change in bursts; the report comes when a burst has settled. */
const settleMs = 200;

/** Resolves after `intervalMs`, sooner when the network or a mount changed, at once on abort. Never rejects. */
export function waitForChange(host: Host, intervalMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let settle: (() => void) | undefined;
    const finish = (): void => {
      for (const stop of watches) stop();
      takeBack();
      settle?.();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const onChange = (): void => {
      settle ??= host.clock.setTimer(settleMs, finish);
    };
    const watches = [
      watchIfPossible(() => host.network.watch(onChange)),
      watchIfPossible(() => host.files.watchMounts(onChange)),
    ];
    const takeBack = host.clock.setTimer(intervalMs, finish);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

function watchIfPossible(watch: () => () => void): () => void {
  try {
    return watch();
  } catch {
    // No netlink or no mountinfo in this kernel or sandbox: then reports come at their interval only.
    return () => undefined;
  }
}
