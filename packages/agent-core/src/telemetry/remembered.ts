import type { Clock } from '../host.ts';

/** Maximum age in milliseconds, whatever changes were reported. */
const maxAgeMs = 60_000;

/** A cached value that is only read again when the count of changes differs, and at least once a minute. */
export class Remembered<T> {
  readonly #clock: Clock;
  #value: T | undefined;
  #changes: number | undefined;
  #readMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `changes` undefined: unknown, so it is read. */
  get(changes: number | undefined, read: () => T): T {
    const nowMs = this.#clock.monotonicMs();
    const value = this.#value;
    if (changes !== undefined && changes === this.#changes && nowMs - this.#readMs < maxAgeMs && value !== undefined)
      return value;
    const fresh = read();
    this.#value = fresh;
    this.#changes = changes;
    this.#readMs = nowMs;
    return fresh;
  }
}
