import type { ForeignTelemetry } from './foreign-agent.ts';
import { busyPercent } from './proc-figures.ts';

/** Adds the share of busy CPUs to reports that have counters only. The first report has none. */
export class BusyShare {
  #before: ForeignTelemetry['cpu'] | undefined;

  added(report: ForeignTelemetry): ForeignTelemetry {
    const { cpu } = report;
    const before = this.#before;
    this.#before = cpu;
    if (cpu === undefined || before === undefined) return report;
    const percent = busyPercent(before, cpu);
    return percent === undefined ? report : { ...report, cpu: { ...cpu, busyPercent: percent } };
  }
}
