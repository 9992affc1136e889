import { kib } from '@innkeeper/kit';
import { ByteBlocks } from './byte-blocks.ts';

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
  readonly #tail = new ByteBlocks();
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
    this.#tail.append(rest);
    this.#tail.keepLast(consoleTailBytes);
  }

  /** Counts bytes that were printed but are missing from a loaded history. */
  skip(count: number): void {
    this.#totalBytes += count;
    // The next output does not directly follow the head.
    this.#headLimit = this.#headLength;
    this.#tail.clear();
  }

  view(): ConsoleHistoryView {
    return {
      head: this.#head.slice(0, this.#headLength),
      droppedBytes: this.#totalBytes - this.#headLength - this.#tail.length,
      tail: this.#tail.toBytes(),
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
}
