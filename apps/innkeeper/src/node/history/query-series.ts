import type { Block, BlockSeries } from './block.ts';
import { type Level, levels } from './levels.ts';
import { sourceOf, unitOf } from './metric-points.ts';

export interface SeriesQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Names, or prefixes that end with "."; empty: all. */
  readonly metrics: readonly string[];
  readonly maxPoints: number;
}

/** The level and the interval chosen for a query. */
export interface QueryPlan {
  readonly level: Level;
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export interface SeriesAnswer {
  readonly metric: string;
  readonly unit: string;
  readonly source: string;
  readonly average: number[];
  readonly minimum: number[];
  readonly maximum: number[];
}

/** Chooses the finest level that still has the start of the period without far more points than requested. */
export function planQuery({ fromMs, toMs, maxPoints }: SeriesQuery, nowMs: number): QueryPlan {
  const lengthMs = Math.max(toMs - fromMs, 1);
  const level =
    levels.find((one) => fromMs >= nowMs - one.retentionMs && lengthMs / one.stepMs <= maxPoints * 12) ?? levels[2];
  const stepMs = Math.max(1, Math.ceil(lengthMs / maxPoints / level.stepMs)) * level.stepMs;
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  return { level, stepMs, startMs, count: Math.ceil((toMs - startMs) / stepMs) };
}

/** Combines blocks into one series for each metric that was measured. */
export function buildSeries(plan: QueryPlan, blocks: readonly Block[], wanted: readonly string[]): SeriesAnswer[] {
  const names = new Set(blocks.flatMap((block) => block.metrics).filter((name) => isWanted(name, wanted)));
  return [...names].sort().flatMap((metric) => {
    const gathered = new Gathered(plan.count);
    for (const block of blocks) {
      const series = block.get(metric);
      if (series !== undefined) gatherBlock(gathered, plan, block, series);
    }
    if (gathered.isEmpty) return [];
    return [{ metric, unit: unitOf(metric), source: sourceOf(metric), ...gathered.finish() }];
  });
}

function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((one) => (one.endsWith('.') ? name.startsWith(one) : name === one));
}

function gatherBlock(gathered: Gathered, plan: QueryPlan, block: Block, series: BlockSeries): void {
  for (let slot = 0; slot < block.level.slots; slot++) {
    const average = series.average[slot] ?? Number.NaN;
    if (Number.isNaN(average)) continue;
    const index = Math.floor((block.startMs + slot * block.level.stepMs - plan.startMs) / plan.stepMs);
    if (index < 0 || index >= plan.count) continue;
    gathered.add(index, average, series.minimum[slot] ?? average, series.maximum[slot] ?? average);
  }
}

/** Sums, minima and maxima of the intervals of a series. */
class Gathered {
  readonly #sum: Float64Array;
  readonly #count: Uint32Array;
  readonly #minimum: Float64Array;
  readonly #maximum: Float64Array;

  constructor(count: number) {
    this.#sum = new Float64Array(count);
    this.#count = new Uint32Array(count);
    this.#minimum = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.#maximum = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  get isEmpty(): boolean {
    return this.#count.every((count) => count === 0);
  }

  add(index: number, average: number, minimum: number, maximum: number): void {
    this.#sum[index] = (this.#sum[index] ?? 0) + average;
    this.#count[index] = (this.#count[index] ?? 0) + 1;
    this.#minimum[index] = Math.min(this.#minimum[index] ?? minimum, minimum);
    this.#maximum[index] = Math.max(this.#maximum[index] ?? maximum, maximum);
  }

  finish(): Pick<SeriesAnswer, 'average' | 'minimum' | 'maximum'> {
    const measured = (values: Float64Array): number[] =>
      Array.from(values, (value, index) => (this.#count[index] === 0 ? Number.NaN : value));
    return {
      average: Array.from(this.#sum, (sum, index) => sum / (this.#count[index] ?? 0)),
      minimum: measured(this.#minimum),
      maximum: measured(this.#maximum),
    };
  }
}
