import { kib } from '@innkeeper/kit';

const blockBytes = 4 * kib;

interface Block {
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * Bytes in the order of their arrival, from which the oldest are dropped. They are copied into blocks: a guest that prints
 * single bytes costs neither an object nor a copy of earlier bytes for each.
 */
export class ByteBlocks {
  #blocks: Block[] = [];
  /** Bytes of the first block that were dropped. */
  #droppedOfFirst = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  append(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; ) {
      let last = this.#blocks.at(-1);
      if (last === undefined || last.used === last.bytes.length) {
        last = { bytes: new Uint8Array(Math.max(blockBytes, rest.length)), used: 0 };
        this.#blocks.push(last);
      }
      const part = rest.subarray(0, last.bytes.length - last.used);
      last.bytes.set(part, last.used);
      last.used += part.length;
      rest = rest.subarray(part.length);
    }
    this.#length += bytes.length;
  }

  /** Drops the oldest bytes, so that at most `length` are left. */
  keepLast(length: number): void {
    for (let excess = this.#length - length; excess > 0; ) {
      const left = (this.#blocks[0]?.used ?? 0) - this.#droppedOfFirst;
      const dropped = Math.min(excess, left);
      this.#droppedOfFirst += dropped;
      this.#length -= dropped;
      excess -= dropped;
      if (dropped < left) return;
      this.#blocks.shift();
      this.#droppedOfFirst = 0;
    }
  }

  /** A copy of all bytes. */
  toBytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    let start = this.#droppedOfFirst;
    for (const { bytes, used } of this.#blocks) {
      all.set(bytes.subarray(start, used), offset);
      offset += used - start;
      start = 0;
    }
    return all;
  }

  clear(): void {
    this.#blocks = [];
    this.#droppedOfFirst = 0;
    this.#length = 0;
  }
}
