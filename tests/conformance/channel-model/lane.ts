/** A bounded buffer of bytes in one direction. */
export class Lane {
  readonly #capacityBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#capacityBytes;
  }

  put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes.slice());
    this.#bytes += bytes.length;
    this.wake();
  }

  /** Takes at most `maxBytes` waiting bytes; undefined if there are none. */
  take(maxBytes: number): Uint8Array | undefined {
    const first = this.#pieces[0];
    if (first === undefined || maxBytes <= 0) return undefined;
    const piece = first.subarray(0, maxBytes);
    if (piece.length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(maxBytes);
    this.#bytes -= piece.length;
    this.wake();
    return piece;
  }

  /** Loses bytes at the front, so that the reader continues in the middle of a frame. */
  drop(bytes: number): void {
    for (let left = bytes; left > 0; ) {
      const piece = this.take(left);
      if (piece === undefined) return;
      left -= piece.length;
    }
  }

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
