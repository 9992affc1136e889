import type { Clock } from '../host.ts';

/** A clock that only moves when it is advanced. Timers fire in order. */
export class ManualClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;
  /** Wall time minus monotonic time. */
  #wallOffsetNs: bigint;

  /** @param startNs wall time at the start, nanoseconds since the Unix epoch */
  constructor(startNs = 1_790_000_000_000_000_000n) {
    this.#wallOffsetNs = startNs;
  }

  /** Number of pending timers. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  wallTimeNs(): bigint {
    return this.#wallOffsetNs + this.monotonicNs();
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1_000_000));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setWallTimeNs(time: bigint): void {
    this.#wallOffsetNs = time - this.monotonicNs();
  }

  readonly setTimer = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Advances time; the effects of each timer complete before the next one fires. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Resolves when all work that only waits for promises is done: everything of a fake host is in memory. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 500; turns++) await Promise.resolve();
}
