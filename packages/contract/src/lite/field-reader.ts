/** The bytes are not a valid message of the requested type. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the fields of a small message between two offsets. Optimised for an interpreter: no closures, no BigInt. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  position: number;
  /** End of the fields; moved for a nested message. */
  end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.end = end;
    this.position = start;
  }

  /** The next field's tag; 0 at the end. One-byte tags and values are read without a further call. */
  tag(): number {
    const at = this.position;
    if (at >= this.end) return 0;
    const first = this.#bytes[at] as number;
    if (first < 128 && first > 7) {
      this.position = at + 1;
      return first;
    }
    const tag = this.varint();
    if (tag < 8) throw new MalformedMessageError('Field number 0 is invalid.');
    return tag;
  }

  /** A length or an unsigned 32-bit value. */
  varint(): number {
    const at = this.position;
    const first = at < this.end ? (this.#bytes[at] as number) : 128;
    if (first > 127) return this.#longVarint();
    this.position = at + 1;
    return first;
  }

  #longVarint(): number {
    const bytes = this.#bytes;
    const { end } = this;
    let at = this.position;
    let value = 0;
    for (let shift = 0; shift < 28 && at < end; shift += 7) {
      const byte = bytes[at] as number;
      at += 1;
      value |= (byte & 127) << shift;
      if (byte < 128) {
        this.position = at;
        return value;
      }
    }
    this.position = at;
    const last = this.byte();
    if (last > 15) throw new MalformedMessageError('A number exceeds 32 bits.');
    return value + last * 0x1000_0000;
  }

  /** The end of a length-delimited field; `position` is its start. */
  delimitedEnd(): number {
    const length = this.varint();
    const end = this.position + length;
    if (end > this.end) throw new MalformedMessageError(`A field of ${length} bytes runs past the end.`);
    return end;
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const end = this.delimitedEnd();
    const value = this.#bytes.subarray(this.position, end);
    this.position = end;
    return value;
  }

  /** The bytes up to the end, as a view. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.position, this.end);
  }

  string(): string {
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch {
      // The decoder only reports that it is not UTF-8.
      throw new MalformedMessageError('A string is not UTF-8.');
    }
  }

  /** Skips an unknown field. */
  skip(wireType: number): void {
    if (wireType === 0) this.#skipVarint();
    else if (wireType === 1) this.advance(8);
    else if (wireType === 2) this.position = this.delimitedEnd();
    else if (wireType === 5) this.advance(4);
    else throw new MalformedMessageError(`Unknown wire type ${wireType}.`);
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 128) return;
    throw new MalformedMessageError('A number is longer than ten bytes.');
  }

  protected advance(count: number): void {
    this.position += count;
    if (this.position > this.end) throw new MalformedMessageError('The message ends in the middle of a number.');
  }

  protected byte(): number {
    if (this.position >= this.end) throw new MalformedMessageError('The message ends in the middle of a field.');
    return this.#bytes[this.position++] as number;
  }
}
