import type { MetricCounter, MetricPoint } from './metric-points.ts';

/** No rate is computed from two reports further apart than this. */
const maxGapMs = 60_000;

/** Computes rates per second from a VM's counters in successive reports. */
export class CounterRates {
  #last = new Map<string, bigint>();
  #lastMs = 0;

  /** Leaves out counters that are new, or went backwards because the guest rebooted. */
  next(counters: readonly MetricCounter[], timeMs: number): MetricPoint[] {
    // A report with only the hypervisor's figures.
    if (counters.length === 0) return [];
    const before = this.#last;
    const elapsedMs = timeMs - this.#lastMs;
    this.#last = new Map(counters.map(({ metric, total }) => [metric, total]));
    this.#lastMs = timeMs;
    if (elapsedMs <= 0 || elapsedMs > maxGapMs) return [];
    return counters.flatMap(({ metric, total }) => {
      const last = before.get(metric);
      if (last === undefined || total < last) return [];
      return [{ metric, value: (Number(total - last) * 1000) / elapsedMs }];
    });
  }
}
