import { errorMessage, type Log } from '@innkeeper/kit';
import type { HistoryBlockRow, HistoryRepository } from '@innkeeper/store';
import { Block } from './block.ts';
import { blockLengthMs, type Level, levels } from './levels.ts';
import type { MetricReport } from './metric-points.ts';
import { buildSeries, planQuery, type QueryPlan, type SeriesAnswer, type SeriesQuery } from './query-series.ts';
import { VmHistory } from './vm-history.ts';

/** Write interval: the maximum history that is lost when the daemon is killed. */
const writeIntervalMs = 60_000;
const pruneIntervalMs = 3_600_000;

export interface HistoryOptions {
  readonly blocks: HistoryRepository;
  readonly log: Log;
  /** Milliseconds since the epoch. Default: Date.now. */
  readonly now?: () => number;
}

/**
 * Measurements of every VM: at 5 s for a day, 1 min for two weeks, 15 min for a year. Blocks are collected in memory and
 * written once a minute.
 */
export class History implements AsyncDisposable {
  readonly #blocks: HistoryRepository;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #vms = new Map<string, Promise<VmHistory>>();
  readonly #timers: NodeJS.Timeout[];
  #writing: Promise<void> = Promise.resolve();

  constructor({ blocks, log, now = Date.now }: HistoryOptions) {
    this.#blocks = blocks;
    this.#log = log;
    this.#now = now;
    this.#timers = [
      setInterval(() => void this.flush(), writeIntervalMs),
      setInterval(() => void this.prune(), pruneIntervalMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Adds measurements taken at `timeMs`. */
  async record(vmId: string, report: MetricReport, timeMs: number): Promise<void> {
    (await this.#at(vmId, timeMs)).add(report, timeMs);
  }

  /** Forgets a deleted VM; its blocks are deleted with its row. */
  forget(vmId: string): void {
    this.#vms.delete(vmId);
  }

  async query(vmId: string, query: SeriesQuery): Promise<{ plan: QueryPlan; series: SeriesAnswer[] }> {
    const plan = planQuery(query, this.#now());
    const { level } = plan;
    const from = plan.startMs - blockLengthMs(level);
    const rows = await this.#blocks.list(vmId, level.stepMs, from, query.toMs);
    const current = (await this.#vms.get(vmId))?.current(level);
    const blocks = rows.filter((row) => row.start_ms !== current?.startMs).flatMap((row) => this.#unpack(level, row));
    if (current !== undefined) blocks.push(current);
    return { plan, series: buildSeries(plan, blocks, query.metrics) };
  }

  /** Writes collected blocks. Never rejects: failed writes are retried. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  /** Deletes blocks beyond the retention of their level. Never rejects. */
  async prune(): Promise<void> {
    try {
      for (const level of levels) await this.#blocks.prune(level.stepMs, this.#now() - level.retentionMs);
    } catch (error) {
      this.#log.error('history.not-pruned', { message: errorMessage(error) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush();
  }

  /** After the clock was set back, continues with the blocks of the current time. */
  async #at(vmId: string, timeMs: number): Promise<VmHistory> {
    const opened = this.#of(vmId, timeMs);
    const history = await opened;
    if (!history.isAheadOf(timeMs)) return history;
    await this.flush();
    if (this.#vms.get(vmId) === opened) this.#vms.delete(vmId);
    return await this.#of(vmId, timeMs);
  }

  #of(vmId: string, timeMs: number): Promise<VmHistory> {
    const known = this.#vms.get(vmId);
    if (known !== undefined) return known;
    const opened = VmHistory.open(timeMs, async (level, startMs) => {
      const row = await this.#blocks.find(vmId, level.stepMs, startMs);
      return row === undefined ? undefined : this.#unpack(level, row)[0];
    });
    this.#vms.set(vmId, opened);
    // Retried by the next report.
    opened.catch(() => this.#vms.delete(vmId));
    return opened;
  }

  async #flush(): Promise<void> {
    for (const [vmId, opening] of this.#vms) {
      // A history that could not be opened has nothing to write; the failure was already reported.
      const history = await opening.catch(() => undefined);
      const changed = history?.takeChanged() ?? [];
      try {
        await this.#blocks.upsert(changed.map((block) => rowOf(vmId, block)));
      } catch (error) {
        for (const block of changed) history?.putBack(block);
        this.#log.error('history.not-written', { message: errorMessage(error) });
      }
    }
  }

  /** An unreadable block yields nothing: a gap is shown, and the log has the reason. */
  #unpack(level: Level, row: HistoryBlockRow): Block[] {
    try {
      return [Block.unpack(level, row.start_ms, row.data)];
    } catch (error) {
      this.#log.error('history.block-unreadable', { vm: row.vm_id, message: errorMessage(error) });
      return [];
    }
  }
}

function rowOf(vmId: string, block: Block): HistoryBlockRow {
  return { vm_id: vmId, step_ms: block.level.stepMs, start_ms: block.startMs, data: block.pack() };
}
