import type { Host } from '../host.ts';

/** Reading two clocks one after the other differs by less than this; a larger difference means that a clock was set. */
const jitterNs = 100_000_000n;

/**
 * When the guest booted, by its wall clock: stable between calls, so that start times derived from it are stable too.
 */
export class BootTime {
  readonly #clock: Host['clock'];
  #bootNs: bigint | undefined;

  constructor(clock: Host['clock']) {
    this.#clock = clock;
  }

  unixNs(): bigint {
    const nowNs = this.#clock.wallTimeNs() - this.#clock.monotonicNs();
    const before = this.#bootNs;
    const differenceNs = before === undefined ? jitterNs + 1n : nowNs - before;
    if (differenceNs > jitterNs || differenceNs < -jitterNs) this.#bootNs = nowNs;
    return this.#bootNs ?? nowNs;
  }
}
