import type { Host } from './host.ts';

/** Yields to the event loop: long work does so regularly, so that a ping never waits for it. */
export async function yieldToLoop(host: Host, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => host.clock.setTimer(0, resolve));
  signal.throwIfAborted();
}
