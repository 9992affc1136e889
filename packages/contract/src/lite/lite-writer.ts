// A mask instead of BigInt.asUintN: QuickJS 2025-04-26 returns negative numbers unchanged for 64 bits.
const low64 = 0xffff_ffff_ffff_ffffn;

/** A growing buffer of wire-format protobuf (https://protobuf.dev/programming-guides/encoding/). */
export class LiteWriter {
  #buffer = new Uint8Array(256);
  /** Created for the first fixed-size number; most messages have none. */
  #view: DataView | undefined;
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Returns a copy of the written bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  /** Unsigned, up to 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#length++] = (rest % 128) | 128;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Signed or unsigned, 64 bits, negatives as ten bytes. */
  bigVarint(value: bigint): void {
    if (value >= 0n && value <= 0x1fffffffffffffn) {
      this.varint(Number(value));
      return;
    }
    this.#reserve(10);
    let rest = value & low64;
    while (rest > 127n) {
      this.#buffer[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#numbers().setUint32(this.#length, value, true);
    this.#length += 4;
  }

  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#numbers().setBigUint64(this.#length, value & low64, true);
    this.#length += 8;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#numbers().setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Runs `write` and prefixes what it wrote with the length. */
  delimited(write: () => void): void {
    this.#reserve(1);
    const start = this.#length++;
    write();
    const size = this.#length - start - 1;
    if (size < 128) {
      this.#buffer[start] = size;
      return;
    }
    const extra = Math.ceil(Math.log2(size + 1) / 7) - 1;
    this.#reserve(extra);
    this.#buffer.copyWithin(start + 1 + extra, start + 1, this.#length);
    const end = this.#length + extra;
    this.#length = start;
    this.varint(size);
    this.#length = end;
  }

  #numbers(): DataView {
    this.#view ??= new DataView(this.#buffer.buffer);
    return this.#view;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = undefined;
  }
}
