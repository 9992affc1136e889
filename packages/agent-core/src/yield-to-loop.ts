import type { Host } from './host.ts';

/** Lets everything else have a turn: long work does so again and again, so that a ping never waits for it. */
export async function yieldToLoop(host: Host, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => host.clock.setTimer(0, resolve));
  signal.throwIfAborted();
}
