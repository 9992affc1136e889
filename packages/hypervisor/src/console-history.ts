import { kib } from '@innkeeper/kit';

/** Bytes of the first part of a console's output, which is kept forever: it contains the boot. */
export const consoleHeadBytes = 64 * kib;

/** Bytes of the last part that are kept. */
export const consoleTailBytes = 192 * kib;

/** The kept output of a console. `droppedBytes` counts the output between the two parts, which is not kept. */
export interface ConsoleHistoryView {
  readonly head: Uint8Array;
  readonly droppedBytes: number;
  readonly tail: Uint8Array;
}

/**
 * Head and tail of a stream that may never end, 256 KiB at most. Memory is allocated as needed: a VM that prints little
 * costs little.
 */
export class ConsoleHistory {
  #head = new Uint8Array(0);
  #headLength = 0;
  #headLimit = consoleHeadBytes;
  /** The tail's chunks, oldest first; in total at most `consoleTailBytes`. */
  #tail: Uint8Array[] = [];
  #tailLength = 0;
  #totalBytes = 0;

  /** Number of all bytes ever appended. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Copies the bytes that it keeps. */
  append(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    const intoHead = Math.min(this.#headLimit - this.#headLength, bytes.length);
    if (intoHead > 0) this.#appendToHead(bytes.subarray(0, intoHead));
    const rest = bytes.subarray(Math.max(intoHead, bytes.length - consoleTailBytes));
    if (rest.length > 0) this.#appendToTail(rest);
  }

  /** Counts bytes that were printed but are missing from a loaded history. */
  skip(count: number): void {
    this.#totalBytes += count;
    // The next output does not directly follow the head.
    this.#headLimit = this.#headLength;
    this.#tail = [];
    this.#tailLength = 0;
  }

  view(): ConsoleHistoryView {
    const tail = new Uint8Array(this.#tailLength);
    let offset = 0;
    for (const chunk of this.#tail) {
      tail.set(chunk, offset);
      offset += chunk.length;
    }
    return {
      head: this.#head.slice(0, this.#headLength),
      droppedBytes: this.#totalBytes - this.#headLength - this.#tailLength,
      tail,
    };
  }

  #appendToHead(bytes: Uint8Array): void {
    const needed = this.#headLength + bytes.length;
    if (needed > this.#head.length) {
      const grown = new Uint8Array(Math.min(consoleHeadBytes, Math.max(needed, 2 * this.#head.length, 4 * kib)));
      grown.set(this.#head.subarray(0, this.#headLength));
      this.#head = grown;
    }
    this.#head.set(bytes, this.#headLength);
    this.#headLength = needed;
  }

  #appendToTail(bytes: Uint8Array): void {
    const last = this.#tail.at(-1);
    // A guest that prints single bytes must not cost an object for each.
    if (last !== undefined && last.length + bytes.length <= 4 * kib) {
      const joined = new Uint8Array(last.length + bytes.length);
      joined.set(last);
      joined.set(bytes, last.length);
      this.#tail[this.#tail.length - 1] = joined;
    } else {
      // Not `slice`: a Buffer's slice is not a copy.
      this.#tail.push(new Uint8Array(bytes));
    }
    this.#tailLength += bytes.length;
    let excess = this.#tailLength - consoleTailBytes;
    let whole = 0;
    for (const chunk of this.#tail) {
      if (chunk.length > excess) break;
      excess -= chunk.length;
      whole += 1;
    }
    if (whole > 0) this.#tail.splice(0, whole);
    const first = this.#tail[0];
    if (excess > 0 && first !== undefined) this.#tail[0] = first.slice(excess);
    this.#tailLength = Math.min(this.#tailLength, consoleTailBytes);
  }
}
