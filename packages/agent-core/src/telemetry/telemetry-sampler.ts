import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TelemetrySchema } from '@innkeeper/contract/agent';
import type { FreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import { ChangeWatch } from './change-watch.ts';
import { MemoryReader } from './memory-reader.ts';
import { NumberFile } from './number-file.ts';
import { ProcessCount } from './process-count.ts';
import { busyPercent, type CpuTicks, readCpu } from './read-cpu.ts';
import { readLoad } from './read-load.ts';
import { readPressure } from './read-pressure.ts';
import { readTrimmed } from './read-trimmed.ts';
import { NetworkSampler } from './sample-interfaces.ts';
import { MountSampler } from './sample-mounts.ts';
import { UserSampler } from './sample-users.ts';
import { withoutUndefined } from './without-undefined.ts';

export type TelemetryInit = MessageInitShape<typeof TelemetrySchema>;

/** Samples closer together than this reuse the previous CPU figure: ticks are 10 ms long. */
const minCpuIntervalMs = 150;

/**
 * Takes reports. Keeps the CPU's last sample, so that every report except the first has a share, and caches what the
 * kernel reports changes of, so that a report every few seconds costs almost nothing.
 */
export class TelemetrySampler {
  readonly #host: Host;
  readonly #runningCount: () => number;
  readonly #freeze: FreezeState;
  readonly #file: NumberFile;
  readonly #memory: MemoryReader;
  readonly #mounts: MountSampler;
  readonly #network: NetworkSampler;
  readonly #processes: ProcessCount;
  readonly #users: UserSampler;
  /** Callers that take reports repeatedly follow it meanwhile. */
  readonly changes: ChangeWatch;
  #last: { readonly ticks: CpuTicks; readonly atMs: number } | undefined;
  #share: { readonly busyPercent: number; readonly intervalMs: number } | undefined;

  constructor(host: Host, runningCount: () => number, freeze: FreezeState) {
    this.#host = host;
    this.#runningCount = runningCount;
    this.#freeze = freeze;
    this.#file = new NumberFile(host);
    this.#memory = new MemoryReader(host, this.#file);
    this.#mounts = new MountSampler(host);
    this.#network = new NetworkSampler(host);
    this.#processes = new ProcessCount(host);
    this.#users = new UserSampler(host);
    this.changes = new ChangeWatch(host);
  }

  async sample(): Promise<TelemetryInit> {
    const host = this.#host;
    const network = this.#network.sample(this.changes.networkChanges);
    const { mounts, omitted: mountsOmitted } = await this.#mounts.sample(this.changes.mountChanges);
    const logins = this.#users.sample();
    const uptime = this.#file.read('/proc/uptime')[0] ?? Number.NaN;
    // NaN: an empty line.
    const uptimeSeconds = this.#file.count === 0 || Number.isNaN(uptime) ? undefined : BigInt(uptime);
    return withoutUndefined({
      wallTimeUnixNs: host.clock.wallTimeNs(),
      monotonicNs: host.clock.monotonicNs(),
      cpu: this.#sampleCpu(),
      memory: this.#memory.read(),
      load: readLoad(this.#file),
      cpuPressure: readPressure(this.#file, 'cpu'),
      memoryPressure: readPressure(this.#file, 'memory'),
      ioPressure: readPressure(this.#file, 'io'),
      processCount: this.#processes.sample(),
      uptimeSeconds,
      mounts,
      mountsOmitted,
      interfaces: network.interfaces,
      interfacesOmitted: network.omitted,
      primaryAddresses: [...network.primary],
      users: [...logins.users],
      usersOmitted: logins.omitted,
      agent: this.#ownCost(),
      frozen: this.#freeze.isFrozen,
      freezeLeaseLeftMs: this.#freeze.leaseLeftMs,
    });
  }

  #sampleCpu(): TelemetryInit['cpu'] {
    const ticks = readCpu(this.#file);
    if (ticks === undefined) return undefined;
    const atMs = this.#host.clock.monotonicMs();
    const before = this.#last;
    if (before === undefined || atMs - before.atMs >= minCpuIntervalMs) {
      const busy = before === undefined ? undefined : busyPercent(before.ticks, ticks);
      this.#share =
        busy === undefined || before === undefined
          ? undefined
          : { busyPercent: busy, intervalMs: Math.round(atMs - before.atMs) };
      this.#last = { ticks, atMs };
    }
    return {
      count: ticks.count,
      userTicks: ticks.user,
      niceTicks: ticks.nice,
      systemTicks: ticks.system,
      idleTicks: ticks.idle,
      iowaitTicks: ticks.iowait,
      irqTicks: ticks.irq,
      softirqTicks: ticks.softirq,
      stealTicks: ticks.steal,
      ...this.#share,
    };
  }

  #ownCost(): TelemetryInit['agent'] {
    const stat = readTrimmed(this.#host, '/proc/self/stat') ?? '';
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 22);
    const { clockTicksPerSecond, pageSizeBytes } = this.#host.system;
    const ticks = Number(fields[11]) + Number(fields[12]);
    const pages = Number(fields[21]);
    return {
      ...(Number.isNaN(pages) ? {} : { rssBytes: BigInt(pages * pageSizeBytes) }),
      ...(Number.isNaN(ticks) ? {} : { cpuTimeUs: BigInt(Math.round((ticks * 1e6) / clockTicksPerSecond)) }),
      abandonedHelpers: this.#host.jobs.abandoned,
      openProcesses: this.#runningCount(),
    };
  }
}
