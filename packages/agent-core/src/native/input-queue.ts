import { createDeferred, type Deferred } from '@innkeeper/kit';

/**
 * Messages from the node that wait for their handler. Bounded by the credit that the node was given: bodies are copied
 * in, and `onConsumed` is told when one was taken, so that more may be sent.
 */
export class InputQueue implements AsyncIterable<Uint8Array> {
  readonly #bodies: Uint8Array[] = [];
  readonly #onConsumed: (bytes: number) => void;
  #waiting: Deferred<void> | undefined;
  #ended = false;
  #failure: unknown;
  #queuedBytes = 0;

  constructor(onConsumed: (bytes: number) => void) {
    this.#onConsumed = onConsumed;
  }

  /** Bytes that no handler has taken. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Keeps a copy. After the end nothing is taken any more. */
  push(body: Uint8Array): void {
    if (this.#ended) return;
    this.#bodies.push(body.slice());
    this.#queuedBytes += body.length;
    this.#wake();
  }

  /** No more follows. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends the wait of the handler with an error. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#ended = true;
    this.#bodies.length = 0;
    this.#queuedBytes = 0;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const body = this.#bodies.shift();
      if (body !== undefined) {
        this.#queuedBytes -= body.length;
        yield body;
        // Pulled again: the handler is done with it.
        this.#onConsumed(body.length);
        continue;
      }
      if (this.#ended) return;
      this.#waiting = createDeferred();
      await this.#waiting.promise;
    }
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
