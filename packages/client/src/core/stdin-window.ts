import { Notifier } from '@innkeeper/kit';

/** Bytes of input that may wait for the process to take them, before a writer waits. */
const maxWaitingBytes = 256 * 1024;

/** Input of a command from what its process has taken on: what must be sent again after an interruption. */
export class StdinWindow {
  readonly #pieces: Uint8Array[] = [];
  #baseOffset = 0;
  #endOffset = 0;
  #ended = false;
  #closed = false;
  readonly #moved = new Notifier();

  /** Where the next byte goes. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Whether no more input follows the byte before `endOffset`. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when a piece may be added, or when nothing will be taken any more. */
  async room(): Promise<void> {
    await this.#moved.until(() => this.#endOffset - this.#baseOffset <= maxWaitingBytes || this.#closed);
  }

  /** Keeps a copy of `data`; gives it with its offset. */
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

  /** The process has everything before `offset`. */
  accept(offset: number): void {
    for (let [first] = this.#pieces; first !== undefined; [first] = this.#pieces) {
      if (this.#baseOffset + first.length > offset) break;
      this.#baseOffset += first.length;
      this.#pieces.shift();
    }
    this.#moved.notify();
  }

  /** What is not known to have been taken, in order; an empty last piece when only the end is to be told. */
  *untaken(): Generator<{ readonly offset: number; readonly data: Uint8Array }> {
    let offset = this.#baseOffset;
    for (const data of this.#pieces) {
      yield { offset, data };
      offset += data.length;
    }
    if (this.#ended && this.#pieces.length === 0) yield { offset: this.#endOffset, data: new Uint8Array(0) };
  }

  /** Nobody waits for room any more. */
  close(): void {
    this.#closed = true;
    this.#pieces.length = 0;
    this.#moved.notify();
  }
}
