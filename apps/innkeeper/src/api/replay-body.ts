import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';

/**
 * Kept of what was read of a body. An agent can have at most 330 KiB on the way that it did not write when a session
 * breaks: its credit, and one frame.
 */
const replayBytes = mib;

/**
 * The body of an upload, which can be read again from a little way back. A body comes once, and an agent that lost its
 * session goes on from what it has written, which is behind what was sent.
 */
export class ReplayBody {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** What was read, oldest first. */
  readonly #kept: Uint8Array[] = [];
  #keptFrom: number;
  #end: number;

  /** `offset`: where in the file the body begins. */
  constructor(body: AsyncIterable<Uint8Array>, offset: number) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#keptFrom = offset;
    this.#end = offset;
  }

  /** The bytes of the file from `offset` on. Fails with UPLOAD_GAP when they are gone; the client sends them again. */
  async *from(offset: number): AsyncGenerator<Uint8Array> {
    if (offset < this.#keptFrom) {
      throw new OperationError(
        'UPLOAD_GAP',
        `The guest has ${offset} bytes of this upload, and what was sent is kept from ${this.#keptFrom} on.`,
      );
    }
    let at = this.#keptFrom;
    let position = offset;
    // Reading the body pushes to #kept and drops from it, so each step looks anew.
    for (const piece of [...this.#kept]) {
      const skip = Math.max(0, position - at);
      at += piece.length;
      if (skip >= piece.length) continue;
      position = at;
      yield piece.subarray(skip);
    }
    for (;;) {
      const next = await this.#pieces.next();
      if (next.done === true) {
        if (this.#end < offset)
          throw new OperationError('UPLOAD_GAP', `The body ended at ${this.#end}, before ${offset}.`);
        return;
      }
      const piece = next.value;
      const start = this.#end;
      this.#keep(piece);
      const skip = Math.max(0, position - start);
      if (skip >= piece.length) continue;
      position = this.#end;
      yield piece.subarray(skip);
    }
  }

  #keep(piece: Uint8Array): void {
    this.#kept.push(piece);
    this.#end += piece.length;
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      if (this.#end - this.#keptFrom - first.length < replayBytes) return;
      this.#kept.shift();
      this.#keptFrom += first.length;
    }
  }
}
