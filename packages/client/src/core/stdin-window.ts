import { Notifier } from '@innkeeper/kit';

/** Bytes of input that may be unconfirmed before a writer has to wait. */
const maxWaitingBytes = 256 * 1024;

/** The input of a command that its process has not confirmed, which must be sent again after an interruption. */
export class StdinWindow {
  readonly #pieces: Uint8Array[] = [];
  #baseOffset = 0;
  #endOffset = 0;
  #ended = false;
  #closed = false;
  readonly #moved = new Notifier();

  /** Offset of the next byte. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Whether no more input follows the byte before `endOffset`. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when more may be added, or when the window was closed. */
  async room(): Promise<void> {
    await this.#moved.until(() => this.#endOffset - this.#baseOffset <= maxWaitingBytes || this.#closed);
  }

  /** Keeps a copy of `data`; returns the copy and its offset. */
  add(data: Uint8Array): { readonly offset: number; readonly data: Uint8Array } {
    const offset = this.#endOffset;
    const copy = new Uint8Array(data);
    this.#pieces.push(copy);
    this.#endOffset += copy.length;
    return { offset, data: copy };
  }

  end(): void {
    this.#ended = true;
  }

  /** Confirms that the process has everything before `offset`. */
  accept(offset: number): void {
    for (let [first] = this.#pieces; first !== undefined; [first] = this.#pieces) {
      if (this.#baseOffset + first.length > offset) break;
      this.#baseOffset += first.length;
      this.#pieces.shift();
    }
    this.#moved.notify();
  }

  /** Yields unconfirmed input in order; an empty piece if only the end of input is unconfirmed. */
  *unconfirmed(): Generator<{ readonly offset: number; readonly data: Uint8Array }> {
    let offset = this.#baseOffset;
    for (const data of this.#pieces) {
      yield { offset, data };
      offset += data.length;
    }
    if (this.#ended && this.#pieces.length === 0) yield { offset: this.#endOffset, data: new Uint8Array(0) };
  }

  /** Drops the input and releases waiting writers. */
  close(): void {
    this.#closed = true;
    this.#pieces.length = 0;
    this.#moved.notify();
  }
}
