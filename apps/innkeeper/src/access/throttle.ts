/** Of one key: so many tries at once, then one each interval. */
export interface ThrottleRate {
  readonly burst: number;
  readonly intervalMs: number;
}

interface Bucket {
  tries: number;
  sinceMs: number;
}

/** Maximum number of keys; beyond it, the least recently used one is forgotten. */
const maxKeys = 10_000;

/** Counts tries by key, in bounded memory. */
export class Throttle {
  readonly #rate: ThrottleRate;
  readonly #nowMs: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: ThrottleRate, nowMs: () => number) {
    this.#rate = rate;
    this.#nowMs = nowMs;
  }

  /** Takes a try. Returns 0, or the milliseconds to wait if none is left. */
  take(key: string): number {
    const { burst, intervalMs } = this.#rate;
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(key) ?? { tries: burst, sinceMs: nowMs };
    // A clock that was set back must not lock anybody out.
    const refilled = Math.max(0, Math.floor((nowMs - bucket.sinceMs) / intervalMs));
    bucket.tries = Math.min(burst, bucket.tries + refilled);
    bucket.sinceMs = bucket.tries === burst || nowMs < bucket.sinceMs ? nowMs : bucket.sinceMs + refilled * intervalMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) this.#forgetOldest();
    if (bucket.tries === 0) return bucket.sinceMs + intervalMs - nowMs;
    bucket.tries -= 1;
    return 0;
  }

  /** The try was a good one: it is given back. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.tries = Math.min(this.#rate.burst, bucket.tries + 1);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
