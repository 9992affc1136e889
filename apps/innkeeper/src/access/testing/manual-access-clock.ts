import type { AccessClock } from '../access-clock.ts';

/** Time that stands still until a test moves it. */
export class ManualAccessClock implements AccessClock {
  #nowMs = Date.UTC(2026, 0, 1);
  readonly #repeats = new Set<() => void>();

  nowMs(): number {
    return this.#nowMs;
  }

  repeat(_intervalMs: number, callback: () => void): () => void {
    this.#repeats.add(callback);
    return () => this.#repeats.delete(callback);
  }

  /** Moves the time, and then calls back everything that is to be repeated, once. */
  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const callback of [...this.#repeats]) callback();
  }
}
