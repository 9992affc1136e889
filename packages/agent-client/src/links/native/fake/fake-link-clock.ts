import type { LinkClock } from '../../../clock.ts';

/** A link's clock that only moves when it is advanced. */
export class FakeLinkClock implements LinkClock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 1000;
  /** Number of waits for a turn of the event loop. */
  turns = 0;

  /** Number of pending timers. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  nowMs = (): number => this.#nowMs;
  wallNs = (): bigint => 1_790_000_000_000_000_000n + BigInt(this.#nowMs) * 1_000_000n;

  setTimer = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  nextTurn = (callback: () => void): void => {
    this.turns++;
    queueMicrotask(callback);
  };

  /** Advances time; the effects of each timer complete before the next one fires. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Resolves when all work that only waits for promises is done. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 300; turns++) await Promise.resolve();
}
