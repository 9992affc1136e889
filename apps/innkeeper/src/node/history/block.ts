import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Level } from './levels.ts';

/** More names than this come only from a guest that makes them up. */
const maxMetrics = 96;
const formatVersion = 1;
/** Of an unpacked block: all metrics, three kinds, the most slots, and its header. */
const maxUnpackedBytes = maxMetrics * 3 * 4 * 120 + 64 * 1024;

/** Values of one metric, one for each slot of the block; NaN where nothing was measured. */
export interface BlockSeries {
  readonly average: Float32Array;
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
}

/**
 * A stretch of one VM's history at one level. The values of a slot may come in many pieces; the average is theirs, each
 * weighing the same.
 */
export class Block {
  readonly level: Level;
  readonly startMs: number;
  readonly #series = new Map<string, BlockSeries & { count: number; slot: number }>();

  constructor(level: Level, startMs: number) {
    this.level = level;
    this.startMs = startMs;
  }

  get metrics(): string[] {
    return [...this.#series.keys()];
  }

  get(metric: string): BlockSeries | undefined {
    return this.#series.get(metric);
  }

  /** The slot of a time; -1 when it lies outside this block. */
  slotOf(timeMs: number): number {
    const slot = Math.floor((timeMs - this.startMs) / this.level.stepMs);
    return slot >= 0 && slot < this.level.slots ? slot : -1;
  }

  /** Adds one measured value. Names beyond the most a block holds are dropped. */
  add(metric: string, slot: number, value: number): void {
    const series = this.#series.get(metric) ?? this.#insert(metric);
    if (series === undefined) return;
    const { average, minimum, maximum } = series;
    const before = average[slot] ?? Number.NaN;
    const count = Number.isNaN(before) ? 0 : series.slot === slot ? series.count : 1;
    series.slot = slot;
    series.count = count + 1;
    average[slot] = count === 0 ? value : before + (value - before) / (count + 1);
    minimum[slot] = count === 0 ? value : Math.min(minimum[slot] ?? value, value);
    maximum[slot] = count === 0 ? value : Math.max(maximum[slot] ?? value, value);
  }

  /** Compressed: a header of names, then their numbers. */
  pack(): Uint8Array {
    const header = Buffer.from(JSON.stringify(this.metrics));
    const parts: Uint8Array[] = [Buffer.from([formatVersion, 0, 0, 0]), lengthOf(header), header];
    for (const { average, minimum, maximum } of this.#series.values())
      for (const values of [average, minimum, maximum])
        parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return deflateRawSync(Buffer.concat(parts));
  }

  /** Throws when it is not what `pack` makes. */
  static unpack(level: Level, startMs: number, packed: Uint8Array): Block {
    const bytes = inflateRawSync(packed, { maxOutputLength: maxUnpackedBytes });
    if (bytes[0] !== formatVersion) throw new Error(`a block of history has the unknown format ${bytes[0]}`);
    const headerBytes = bytes.readUInt32LE(4);
    const names = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as string[];
    const block = new Block(level, startMs);
    let at = 8 + headerBytes;
    const next = (): Float32Array => {
      const values = new Float32Array(level.slots);
      for (let slot = 0; slot < level.slots; slot++) values[slot] = bytes.readFloatLE(at + slot * 4);
      at += level.slots * 4;
      return values;
    };
    for (const name of names)
      block.#series.set(name, { average: next(), minimum: next(), maximum: next(), count: 0, slot: -1 });
    return block;
  }

  #insert(metric: string): (BlockSeries & { count: number; slot: number }) | undefined {
    if (this.#series.size >= maxMetrics) return undefined;
    const empty = (): Float32Array => new Float32Array(this.level.slots).fill(Number.NaN);
    const series = { average: empty(), minimum: empty(), maximum: empty(), count: 0, slot: -1 };
    this.#series.set(metric, series);
    return series;
  }
}

function lengthOf(header: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return length;
}
