import type { MetricCounter, MetricPoint } from './metric-points.ts';

/** No rate is computed from two reports further apart than this. */
const maxGapMs = 60_000;

/** Computes rates per second from a VM's counters in successive reports. The agent and the hypervisor report in turn. */
export class CounterRates {
  readonly #last = new Map<string, { readonly total: bigint; readonly timeMs: number }>();

  /** Leaves out counters that are new, or went backwards because the guest rebooted. */
  next(counters: readonly MetricCounter[], timeMs: number): MetricPoint[] {
    const points = counters.flatMap(({ metric, total }) => {
      const last = this.#last.get(metric);
      this.#last.set(metric, { total, timeMs });
      const elapsedMs = timeMs - (last?.timeMs ?? timeMs);
      if (last === undefined || elapsedMs <= 0 || elapsedMs > maxGapMs || total < last.total) return [];
      return [{ metric, value: (Number(total - last.total) * 1000) / elapsedMs }];
    });
    // A guest chooses the names of its interfaces: those that it no longer has are forgotten.
    for (const [metric, last] of this.#last) if (timeMs - last.timeMs > maxGapMs) this.#last.delete(metric);
    return points;
  }
}
