import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { type ProcessStat, parseProcessStat } from './parse-process-stat.ts';

/** Maximum number of processes that are read; the kernel's limit is 4 million. */
const maxProcesses = 100_000;
const maxStatBytes = 1024;
const waitMs = 200;
/** Processes read before yielding to the event loop. */
const atOnce = 200;
const minAgeMs = 500;
const maxAgeMs = 30_000;

interface Sample {
  readonly timeMs: number;
  readonly ticks: ReadonlyMap<string, number>;
}

export interface SampledProcess extends ProcessStat {
  /** Share of one CPU in percent; undefined until it was sampled twice. */
  readonly cpuPercent: number | undefined;
}

/** Samples every process with its share of a CPU since the previous sample. */
export class ProcessSampler {
  readonly #host: Host;
  #last: Sample | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  async sample(signal: AbortSignal): Promise<SampledProcess[]> {
    const before = await this.#earlier(signal);
    const processes = await this.read(signal);
    const now = sampleOf(processes, this.#host.clock.monotonicMs());
    this.#last = now;
    const elapsedTicks = ((now.timeMs - before.timeMs) * this.#host.system.clockTicksPerSecond) / 1000;
    return processes.map((process) => {
      const ticks = before.ticks.get(keyOf(process));
      const cpuPercent =
        ticks === undefined || elapsedTicks <= 0 ? undefined : (100 * (process.cpuTicks - ticks)) / elapsedTicks;
      return { ...process, cpuPercent };
    });
  }

  /** All processes. */
  async read(signal: AbortSignal): Promise<ProcessStat[]> {
    const names = this.#host.files.readDirectory('/proc', maxProcesses).filter((name) => /^\d+$/.test(name));
    const processes: ProcessStat[] = [];
    for (const [index, pid] of names.entries()) {
      const process = this.readOne(Number(pid));
      if (process !== undefined) processes.push(process);
      if (index % atOnce === atOnce - 1) await yieldToLoop(this.#host, signal);
    }
    return processes;
  }

  /** Undefined if there is no process with this id. */
  readOne(pid: number): ProcessStat | undefined {
    const text = readTrimmed(this.#host, `/proc/${pid}/stat`, maxStatBytes);
    return text === undefined ? undefined : parseProcessStat(text);
  }

  async #earlier(signal: AbortSignal): Promise<Sample> {
    const last = this.#last;
    const ageMs = last === undefined ? Number.POSITIVE_INFINITY : this.#host.clock.monotonicMs() - last.timeMs;
    if (last !== undefined && ageMs >= minAgeMs && ageMs <= maxAgeMs) return last;
    const first = sampleOf(await this.read(signal), this.#host.clock.monotonicMs());
    await new Promise<void>((resolve) => this.#host.clock.setTimer(waitMs, resolve));
    signal.throwIfAborted();
    return first;
  }
}

function sampleOf(processes: readonly ProcessStat[], timeMs: number): Sample {
  return { timeMs, ticks: new Map(processes.map((process) => [keyOf(process), process.cpuTicks])) };
}

/** Process ids are reused; an id with its start time is unique. */
function keyOf({ pid, startTicks }: ProcessStat): string {
  return `${pid}@${startTicks}`;
}
