import type { MetricCounter, MetricPoint } from './metric-points.ts';

/** Two reports further apart than this say nothing about the time between them. */
const maxGapMs = 60_000;

/** Makes rates a second of counters, from one report of a VM to the next. */
export class CounterRates {
  #last = new Map<string, bigint>();
  #lastMs = 0;

  /** Nothing for a counter that is new, or went backwards because the guest was booted. */
  next(counters: readonly MetricCounter[], timeMs: number): MetricPoint[] {
    // A report of the hypervisor alone.
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
