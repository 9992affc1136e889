import { createDeferred, type Deferred, Notifier } from '@innkeeper/kit';

interface Taker {
  readonly take: (body: Uint8Array) => boolean;
  readonly done: Deferred<void>;
}

/**
 * Messages from the node that wait for their handler. Bounded by the credit granted to the node: bodies are copied in,
 * and `onConsumed` is called when one was taken, so that more may be sent.
 */
export class InputQueue implements AsyncIterable<Uint8Array> {
  readonly #bodies: Uint8Array[] = [];
  readonly #onConsumed: (bytes: number) => void;
  readonly #arrived = new Notifier();
  /** Takes bodies as they arrive, while set. */
  #taker: Taker | undefined;
  #ended = false;
  #failure: unknown;
  #queuedBytes = 0;

  constructor(onConsumed: (bytes: number) => void) {
    this.#onConsumed = onConsumed;
  }

  /** Bytes not yet taken by the handler. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Keeps a copy. Ignored after the end. */
  push(body: Uint8Array): void {
    if (this.#ended || this.#takeNow(body)) return;
    this.#bodies.push(body.slice());
    this.#queuedBytes += body.length;
    this.#wake();
  }

  /**
   * Passes bodies to `take` as they arrive, without copies and promises, until it returns false for one or the input
   * ends; that body and all later ones go to the iterator. Rejects with what `take` throws. A view is valid during the
   * call.
   */
  takeWhile(take: (body: Uint8Array) => boolean): Promise<void> {
    for (let body = this.#bodies[0]; body !== undefined; body = this.#bodies[0]) {
      if (!take(body)) return Promise.resolve();
      this.#bodies.shift();
      this.#queuedBytes -= body.length;
      this.#onConsumed(body.length);
    }
    if (this.#ended) return Promise.resolve();
    this.#taker = { take, done: createDeferred() };
    return this.#taker.done.promise;
  }

  /** Whether there was a taker and it accepted the body. */
  #takeNow(body: Uint8Array): boolean {
    const taker = this.#taker;
    if (taker === undefined) return false;
    try {
      if (taker.take(body)) {
        this.#onConsumed(body.length);
        return true;
      }
      taker.done.resolve();
    } catch (error) {
      taker.done.reject(error);
    }
    this.#taker = undefined;
    return false;
  }

  /** Ends the input. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends the handler's wait with an error. */
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
        // Pulled again: the handler has finished with it.
        this.#onConsumed(body.length);
        continue;
      }
      if (this.#ended) return;
      await this.#arrived.changed();
    }
  }

  #wake(): void {
    if (this.#ended) {
      this.#taker?.done.resolve();
      this.#taker = undefined;
    }
    this.#arrived.notify();
  }
}
