import { Block } from './block.ts';
import { CounterRates } from './counter-rates.ts';
import { blockStartMs, type Level, levels } from './levels.ts';
import type { MetricReport } from './metric-points.ts';

/** Loads an existing block, if there is one. */
export type LoadBlock = (level: Level, startMs: number) => Promise<Block | undefined>;

/** A clock that is set back by less than this causes a gap. */
const maxAheadMs = 2 * 3_600_000;

/** The blocks being filled for a VM: the newest of each level. */
export class VmHistory {
  readonly #blocks = new Map<Level, Block>();
  readonly #rates = new CounterRates();
  readonly #changed = new Set<Block>();

  /** Continues the blocks that an earlier daemon wrote. */
  static async open(timeMs: number, load: LoadBlock): Promise<VmHistory> {
    const history = new VmHistory();
    for (const level of levels) {
      const startMs = blockStartMs(level, timeMs);
      history.#blocks.set(level, (await load(level, startMs)) ?? new Block(level, startMs));
    }
    return history;
  }

  /** Adds a report taken at `timeMs`. Levels whose newest block is later ignore it. */
  add(report: MetricReport, timeMs: number): void {
    const points = [...report.points, ...this.#rates.next(report.counters, timeMs)];
    for (const level of levels) {
      const block = this.#blockAt(level, timeMs);
      const slot = block.slotOf(timeMs);
      if (slot < 0) continue;
      for (const { metric, value } of points) block.add(metric, slot, value);
      this.#changed.add(block);
    }
  }

  /** Whether the clock was set back, so that the newest blocks are in the future. */
  isAheadOf(timeMs: number): boolean {
    return levels.some((level) => (this.#blocks.get(level)?.startMs ?? 0) > timeMs + maxAheadMs);
  }

  /** The block of this level that is still being filled. */
  current(level: Level): Block | undefined {
    return this.#blocks.get(level);
  }

  /** Returns blocks with unwritten values and marks them as written. */
  takeChanged(): Block[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Marks a block as unwritten again after a failed write. */
  putBack(block: Block): void {
    this.#changed.add(block);
  }

  #blockAt(level: Level, timeMs: number): Block {
    const startMs = blockStartMs(level, timeMs);
    const current = this.#blocks.get(level);
    if (current !== undefined && current.startMs >= startMs) return current;
    const next = new Block(level, startMs);
    this.#blocks.set(level, next);
    return next;
  }
}
