import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PressureSchema, TelemetrySchema } from '@innkeeper/contract/agent';
import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { busyPercent, type CpuTicks, parseCpu } from './parse-cpu.ts';
import { parseLoad } from './parse-load.ts';
import { parseMemory, withoutUndefined } from './parse-memory.ts';
import { parsePressure } from './parse-pressure.ts';
import { parseUsers } from './parse-users.ts';
import { primaryAddresses } from './primary-addresses.ts';
import { readTrimmed } from './read-trimmed.ts';
import { sampleInterfaces } from './sample-interfaces.ts';
import { MountSampler } from './sample-mounts.ts';

export type TelemetryInit = MessageInitShape<typeof TelemetrySchema>;

/** Samples closer together than this share their CPU figure with the one before: ticks are 10 ms long. */
const minCpuIntervalMs = 150;

/** Takes reports. Remembers the CPU's last sample, so that every report but the first has a share. */
export class TelemetrySampler {
  readonly #host: Host;
  readonly #runningCount: () => number;
  readonly #isFrozen: () => boolean;
  readonly #mounts: MountSampler;
  #last: { readonly ticks: CpuTicks; readonly atMs: number } | undefined;
  #share: { readonly busyPercent: number; readonly intervalMs: number } | undefined;

  constructor(host: Host, runningCount: () => number, isFrozen: () => boolean) {
    this.#host = host;
    this.#runningCount = runningCount;
    this.#isFrozen = isFrozen;
    this.#mounts = new MountSampler(host);
  }

  async sample(): Promise<TelemetryInit> {
    const host = this.#host;
    const interfaces = sampleInterfaces(host);
    const load = parseLoad(readTrimmed(host, '/proc/loadavg') ?? '');
    const uptime = Number(readTrimmed(host, '/proc/uptime')?.split(' ')[0]);
    return withoutUndefined({
      wallTimeUnixNs: host.clock.wallTimeNs(),
      monotonicNs: host.clock.monotonicNs(),
      cpu: this.#sampleCpu(),
      memory: parseMemory(readTrimmed(host, '/proc/meminfo', 16_384) ?? ''),
      load,
      cpuPressure: this.#pressure('cpu'),
      memoryPressure: this.#pressure('memory'),
      ioPressure: this.#pressure('io'),
      processCount: this.#processCount(),
      uptimeSeconds: Number.isNaN(uptime) ? undefined : BigInt(Math.floor(uptime)),
      mounts: await this.#mounts.sample(),
      interfaces,
      primaryAddresses: primaryAddresses(host, interfaces),
      users: this.#users(),
      agent: this.#ownCost(),
      frozen: this.#isFrozen(),
    });
  }

  #sampleCpu(): TelemetryInit['cpu'] {
    const ticks = parseCpu(readTrimmed(this.#host, '/proc/stat', 262_144) ?? '');
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

  #pressure(name: string): MessageInitShape<typeof PressureSchema> | undefined {
    const text = readTrimmed(this.#host, `/proc/pressure/${name}`);
    return text === undefined ? undefined : parsePressure(text);
  }

  /** Directories of /proc that are numbers: processes, not threads. */
  #processCount(): number | undefined {
    try {
      return this.#host.files.readDirectory('/proc', 100_000).filter((name) => /^\d+$/.test(name)).length;
    } catch {
      // EACCES under a strange mount of /proc: not known.
      return undefined;
    }
  }

  #users(): ReturnType<typeof parseUsers> {
    try {
      const file = this.#host.files.open('/var/run/utmp', openOptions({ nonBlocking: true }));
      try {
        const bytes = new Uint8Array(16_384);
        return parseUsers(bytes.subarray(0, this.#host.files.readNext(file, bytes)), this.#host.system.uname().machine);
      } finally {
        file.close();
      }
    } catch {
      // ENOENT: no utmp in this guest, so nobody is known to be logged in.
      return [];
    }
  }

  #ownCost(): TelemetryInit['agent'] {
    const stat = readTrimmed(this.#host, '/proc/self/stat') ?? '';
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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
