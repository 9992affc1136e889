import type { Clock } from '../../../host.ts';

/** A clock that only moves when it is advanced. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;
  wallTimeNs = (): bigint => 1_700_000_000_000_000_000n;
  monotonicNs = (): bigint => BigInt(this.#nowMs) * 1_000_000n;
  monotonicMs = (): number => this.#nowMs;
  setWallTimeNs = (): void => undefined;

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers].filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}
