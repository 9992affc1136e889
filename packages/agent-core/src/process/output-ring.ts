import type { OutputStream } from '@innkeeper/contract/agent-lite';

/** Bytes of one stream, with their offset in the output of both together. */
export interface Segment {
  readonly offset: number;
  readonly stream: OutputStream;
  readonly data: Uint8Array;
}

/** Maximum bytes of unacknowledged output; beyond it the process waits (or output is dropped). */
export const unreadLimitBytes = 256 * 1024;
/** Bytes of acknowledged output that are kept, for a reader that reconnects with an older offset. */
export const historyLimitBytes = 256 * 1024;

/** Small pieces of one stream are joined up to this size. */
const joinBytes = 4096;
/** A program that alternates streams with every byte creates one-byte segments: their number is limited as well. */
const maxSegments = 4096;

/** The latest output of a process, in order, with offsets. Bounded by the limits if its owner stops at `isFull`. */
export class OutputRing {
  readonly #segments: Segment[] = [];
  #oldest = 0;
  #next = 0;

  /** Everything that is kept, in order. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Takes over what an earlier program has kept. */
  restore(segments: readonly Segment[], nextOffset: number): void {
    this.#segments.push(...segments);
    this.#next = nextOffset;
    this.#oldest = segments[0]?.offset ?? nextOffset;
  }

  /** Offset of the first kept byte. */
  get oldestOffset(): number {
    return this.#oldest;
  }

  /** Offset after the last byte. */
  get nextOffset(): number {
    return this.#next;
  }

  get keptBytes(): number {
    return this.#next - this.#oldest;
  }

  /** Whether to stop adding output while everything from `neededOffset` on must be kept. */
  isFull(neededOffset: number): boolean {
    return this.#next - neededOffset >= unreadLimitBytes || this.#segments.length >= maxSegments;
  }

  /** Copies the bytes in. Joins them to the last segment if that is small, so that single bytes cost little. */
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

  /** Drops the oldest segments: nothing from `neededOffset` on, and before it only as many as necessary. */
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

  /** Drops everything; offsets stay. */
  clear(): void {
    this.#drop(this.#segments.length);
  }

  /**
   * The bytes after `offset`, at most `maxBytes` of one segment; undefined if there are none. `offset` must not be
   * dropped yet.
   */
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
