import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';

/**
 * How much of a body is retained. When a session breaks, at most 330 KiB (the agent's credit and one frame) can be in
 * flight without having been written.
 */
const replayBytes = mib;

/**
 * The body of an upload with a short replay buffer. The body can be received only once, but an agent that lost its session
 * resumes from what it has written, which is less than what was sent.
 */
export class ReplayBody {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** Retained chunks, oldest first. */
  readonly #kept: Uint8Array[] = [];
  #keptFrom: number;
  #end: number;

  /** `offset`: the position in the file at which the body begins. */
  constructor(body: AsyncIterable<Uint8Array>, offset: number) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#keptFrom = offset;
    this.#end = offset;
  }

  /** The bytes of the file from `offset`. Fails with UPLOAD_GAP when they are no longer retained; the client resends them. */
  async *from(offset: number): AsyncGenerator<Uint8Array> {
    if (offset < this.#keptFrom) {
      throw new OperationError(
        'UPLOAD_GAP',
        `The guest has ${offset} bytes of this upload, and the daemon retained only what follows byte ${this.#keptFrom}.`,
      );
    }
    let at = this.#keptFrom;
    let position = offset;
    // Reading the body changes #kept, so each step looks up the chunk again.
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
          throw new OperationError('UPLOAD_GAP', `The body ended at byte ${this.#end}, before byte ${offset}.`);
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
