import type { Host } from '../host.ts';

/** Two looks at two clocks differ by how long the looking took; more is a clock that was set. */
const jitterNs = 100_000_000n;

/** When the guest booted, by its wall clock: the same at every look, so that what is counted from it is the same too. */
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
