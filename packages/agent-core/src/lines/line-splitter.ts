const newline = 0x0a;

/** Splits bytes into lines. A line longer than `maxBytes` is cut off; the rest of it is dropped. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #rest = new Uint8Array(0);
  /** The end of a line that was cut off is being dropped. */
  #isLong = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that are complete now, without their line ends. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let at = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      this.#keep(bytes.subarray(at, end));
      lines.push(this.#take());
      this.#isLong = false;
      at = end + 1;
    }
    this.#keep(bytes.subarray(at));
    return lines;
  }

  /** The last line, if it has no line end. */
  finish(): string[] {
    return this.#rest.length === 0 ? [] : [this.#take()];
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isLong) return;
    const kept = bytes.subarray(0, this.#maxBytes - this.#rest.length);
    this.#isLong = kept.length < bytes.length;
    const joined = new Uint8Array(this.#rest.length + kept.length);
    joined.set(this.#rest);
    joined.set(kept, this.#rest.length);
    this.#rest = joined;
  }

  #take(): string {
    const line = this.#decoder.decode(this.#rest);
    this.#rest = new Uint8Array(0);
    return line;
  }
}
