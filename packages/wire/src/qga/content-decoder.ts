import type { Base64Ops } from '../byte-ops.ts';

/** Decodes base64 that arrives in pieces of any size. Line breaks are skipped, an incomplete last group is dropped. */
export class ContentDecoder {
  readonly #ops: Base64Ops;
  readonly #group = new Uint8Array(4);
  readonly #three = new Uint8Array(3);
  #groupChars = 0;
  #isPadded = false;
  /** Of the pieces; a piece is at most what the channel reads at once. */
  #buffer = new Uint8Array(0);
  /** Decoded so far. */
  bytes = 0;
  isValid = true;

  constructor(ops: Base64Ops) {
    this.#ops = ops;
  }

  /**
   * Decodes what it can of `bytes` from `from` to `to`. `decoded` is valid until the next call. `at` is before `to` if
   * there is another character than those of base64.
   */
  push(bytes: Uint8Array, from: number, to: number): { readonly decoded: Uint8Array; readonly at: number } {
    const room = Math.ceil((to - from + 4) / 4) * 3;
    if (this.#buffer.length < room) this.#buffer = new Uint8Array(room);
    let length = 0;
    let at = from;
    while (at < to) {
      if (this.#groupChars === 0 && !this.#isPadded) {
        const groups = this.#ops.decodeBase64(bytes.subarray(at, to), this.#buffer.subarray(length));
        length += groups * 3;
        at += groups * 4;
        if (at >= to) break;
      }
      const added = this.#takeChar(bytes[at] ?? 0);
      if (added === undefined) break;
      this.#buffer.set(added, length);
      length += added.length;
      at++;
    }
    this.bytes += length;
    return { decoded: this.#buffer.subarray(0, length), at };
  }

  /** One character that is not part of whole groups; the bytes that it completes, or undefined if base64 does not have it. */
  #takeChar(char: number): Uint8Array | undefined {
    if (char === lineBreak) return nothing;
    if (char === padding) {
      const chars = this.#groupChars;
      this.#isPadded = true;
      this.#groupChars = 0;
      // The second "=" of a group; one that comes without a group means nothing.
      if (chars < 2) return nothing;
      this.#group.fill(zero, chars);
      this.#ops.decodeBase64(this.#group, this.#three);
      return this.#three.subarray(0, chars - 1);
    }
    if (this.#isPadded || !isOfBase64(char)) return undefined;
    this.#group[this.#groupChars++] = char;
    if (this.#groupChars < 4) return nothing;
    this.#groupChars = 0;
    this.#ops.decodeBase64(this.#group, this.#three);
    return this.#three;
  }
}

const nothing = new Uint8Array(0);
const lineBreak = 0x0a;
const padding = 0x3d;
const zero = 0x41;

function isOfBase64(char: number): boolean {
  return (
    (char >= 0x41 && char <= 0x5a) ||
    (char >= 0x61 && char <= 0x7a) ||
    (char >= 0x30 && char <= 0x39) ||
    char === 0x2b ||
    char === 0x2f
  );
}
