import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TelemetrySchema } from '@innkeeper/contract/agent';
import { openOptions } from '../file/open-options.ts';
import type { FreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import { ChangeWatch } from './change-watch.ts';
import { MemoryReader } from './memory-reader.ts';
import { NumberFile } from './number-file.ts';
import { parseUsers } from './parse-users.ts';
import { type PrimaryAddress, primaryAddresses } from './primary-addresses.ts';
import { ProcessCount } from './process-count.ts';
import { busyPercent, type CpuTicks, readCpu } from './read-cpu.ts';
import { readLoad } from './read-load.ts';
import { readPressure } from './read-pressure.ts';
import { readTrimmed } from './read-trimmed.ts';
import { Remembered } from './remembered.ts';
import { describeInterfaces, type InterfaceInit, withCounters } from './sample-interfaces.ts';
import { MountSampler } from './sample-mounts.ts';
import { withoutUndefined } from './without-undefined.ts';

export type TelemetryInit = MessageInitShape<typeof TelemetrySchema>;

/** Samples closer together than this reuse the previous CPU figure: ticks are 10 ms long. */
const minCpuIntervalMs = 150;

interface Network {
  readonly interfaces: InterfaceInit[];
  readonly primary: PrimaryAddress[];
}

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
  readonly #network: Remembered<Network>;
  readonly #processes: ProcessCount;
  readonly #utmp: Remembered<ReturnType<typeof parseUsers>>;
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
    this.#network = new Remembered(host.clock);
    this.#processes = new ProcessCount(host);
    this.#utmp = new Remembered(host.clock);
    this.changes = new ChangeWatch(host);
  }

  async sample(): Promise<TelemetryInit> {
    const host = this.#host;
    const { interfaces, primary } = this.#network.get(this.changes.networkChanges, () => {
      const found = describeInterfaces(host);
      return { interfaces: found, primary: primaryAddresses(host, found) };
    });
    const uptime = this.#file.read('/proc/uptime')[0];
    const uptimeSeconds = this.#file.count === 0 || uptime === undefined ? undefined : BigInt(uptime);
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
      mounts: await this.#mounts.sample(this.changes.mountChanges),
      interfaces: withCounters(host, interfaces),
      primaryAddresses: primary,
      users: this.#users(),
      agent: this.#ownCost(),
      frozen: this.#freeze.isFrozen,
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

  /** Logins change utmp's modification time: it is read again when that differs. */
  #users(): ReturnType<typeof parseUsers> {
    try {
      const { modifiedNs } = this.#host.files.stat('/var/run/utmp', true);
      return this.#utmp.get(Number(modifiedNs), () => this.#readUsers());
    } catch {
      // ENOENT: this guest has no utmp, so logins are unknown.
      return [];
    }
  }

  #readUsers(): ReturnType<typeof parseUsers> {
    const { files, system } = this.#host;
    const file = files.open('/var/run/utmp', openOptions({ nonBlocking: true }));
    try {
      const bytes = new Uint8Array(16_384);
      return parseUsers(bytes.subarray(0, files.readNext(file, bytes)), system.uname().machine);
    } finally {
      file.close();
    }
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
