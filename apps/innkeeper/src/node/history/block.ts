import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Level } from './levels.ts';

/** Maximum metrics in a block. Only a guest that invents names has more. */
const maxMetrics = 96;
const formatVersion = 1;
/** Maximum size of an unpacked block: all metrics, three kinds of values, the most slots, and the header. */
const maxUnpackedBytes = maxMetrics * 3 * 4 * 120 + 64 * 1024;

/** Values of a metric, one for each slot of the block; NaN: not measured. */
export interface BlockSeries {
  readonly average: Float32Array;
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
}

/**
 * A period of a VM's history at one level. A slot averages all values added to it, with equal weights.
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

  /** The slot of a time; -1 when it is outside of this block. */
  slotOf(timeMs: number): number {
    const slot = Math.floor((timeMs - this.startMs) / this.level.stepMs);
    return slot >= 0 && slot < this.level.slots ? slot : -1;
  }

  /** Adds a measured value. Metrics beyond the maximum of a block are dropped. */
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

  /** Serializes and compresses the block: a header with names, then the numbers. */
  pack(): Uint8Array {
    const header = Buffer.from(JSON.stringify(this.metrics));
    const parts: Uint8Array[] = [Buffer.from([formatVersion, 0, 0, 0]), lengthOf(header), header];
    for (const { average, minimum, maximum } of this.#series.values())
      for (const values of [average, minimum, maximum])
        parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return deflateRawSync(Buffer.concat(parts));
  }

  /** Inverse of `pack`. Throws for malformed data. */
  static unpack(level: Level, startMs: number, packed: Uint8Array): Block {
    const bytes = inflateRawSync(packed, { maxOutputLength: maxUnpackedBytes });
    if (bytes[0] !== formatVersion) throw new Error(`a block of history has the unsupported format ${bytes[0]}`);
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
