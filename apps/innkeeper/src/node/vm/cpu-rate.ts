import { availableParallelism } from 'node:os';
import type { DiskUsage, HostUsage } from '@innkeeper/hypervisor';

export interface HypervisorUsageSample {
  /** Percentage of all host CPUs since the previous sample; undefined for the first one. */
  readonly cpuPercent: number | undefined;
  readonly rssBytes: number;
  readonly sampledMs: number;
  /** The hypervisor's counters, if it has answered since the previous sample. */
  readonly disk?: DiskUsage | undefined;
}

/** Computes CPU percentages from counters in successive samples. */
export class CpuRate {
  #last: { readonly cpuTimeUs: number; readonly nowMs: number } | undefined;

  next(usage: HostUsage, nowMs: number, cpuCount = availableParallelism()): HypervisorUsageSample {
    const last = this.#last;
    this.#last = { cpuTimeUs: usage.cpuTimeUs, nowMs };
    const elapsedUs = last === undefined ? 0 : (nowMs - last.nowMs) * 1000;
    const busyUs = last === undefined ? 0 : usage.cpuTimeUs - last.cpuTimeUs;
    const cpuPercent = elapsedUs > 0 && busyUs >= 0 ? (100 * busyUs) / elapsedUs / cpuCount : undefined;
    return { cpuPercent, rssBytes: usage.rssBytes, sampledMs: nowMs };
  }
}
