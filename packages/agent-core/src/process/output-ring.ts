import type { OutputStream } from '@innkeeper/contract/agent-lite';

/** Bytes of one stream, at their place in the output of both together. */
export interface Segment {
  readonly offset: number;
  readonly stream: OutputStream;
  readonly data: Uint8Array;
}

/** Output that readers have not acknowledged is kept up to this, and then makes the process wait (or is dropped). */
export const unreadLimitBytes = 256 * 1024;
/** Output that was acknowledged is kept up to this, for a reader that comes back with an older offset. */
export const historyLimitBytes = 256 * 1024;

/** Small pieces of one stream are joined up to this. */
const joinBytes = 4096;
/** A program that changes its stream with every byte makes pieces of a byte: their number is bounded as well. */
const maxSegments = 4096;

/** The kept end of a process's output, in order, with positions. Bounded by the limits, if its owner stops at `isFull`. */
export class OutputRing {
  readonly #segments: Segment[] = [];
  #oldest = 0;
  #next = 0;

  /** Position of the first byte that is kept. */
  get oldestOffset(): number {
    return this.#oldest;
  }

  /** Position after the last byte. */
  get nextOffset(): number {
    return this.#next;
  }

  get keptBytes(): number {
    return this.#next - this.#oldest;
  }

  /** Whether nothing more should be taken while all from `neededOffset` on must be kept. */
  isFull(neededOffset: number): boolean {
    return this.#next - neededOffset >= unreadLimitBytes || this.#segments.length >= maxSegments;
  }

  /** Copies the bytes in. Joins them to the last segment when that is small, so that a byte at a time costs little. */
  append(stream: OutputStream, bytes: Uint8Array): void {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.stream === stream && last.data.length + bytes.length <= joinBytes) {
      const joined = new Uint8Array(last.data.length + bytes.length);
      joined.set(last.data);
      joined.set(bytes, last.data.length);
      this.#segments[this.#segments.length - 1] = { ...last, data: joined };
    } else {
      this.#segments.push({ offset: this.#next, stream, data: bytes.slice() });
    }
    this.#next += bytes.length;
  }

  /** Forgets the oldest, in whole segments: nothing from `neededOffset` on, and of what is before not more than it must. */
  trim(neededOffset: number): void {
    let count = 0;
    for (const { offset, data } of this.#segments) {
      const end = offset + data.length;
      const crowded = this.#segments.length - count > maxSegments / 2;
      if (end > neededOffset || (end > neededOffset - historyLimitBytes && !crowded)) break;
      count++;
    }
    if (count > 0) this.#drop(count);
  }

  /** Forgets everything; positions stay. */
  clear(): void {
    this.#drop(this.#segments.length);
  }

  /** What follows `offset`, at most `maxBytes` of one segment; undefined when nothing does. `offset` must be kept. */
  read(offset: number, maxBytes: number): Segment | undefined {
    const segment = this.#segments[this.#indexOf(offset)];
    if (segment === undefined) return undefined;
    const from = offset - segment.offset;
    return { offset, stream: segment.stream, data: segment.data.subarray(from, from + maxBytes) };
  }

  #drop(count: number): void {
    this.#segments.splice(0, count);
    this.#oldest = this.#segments[0]?.offset ?? this.#next;
  }

  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.#segments[middle];
      if (segment !== undefined && segment.offset + segment.data.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
