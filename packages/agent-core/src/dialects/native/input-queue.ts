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
  readonly #bodies: { readonly body: Uint8Array; readonly charge: number }[] = [];
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

  /** Keeps a copy, except of one that `isPaid`: its credit was granted again already. Ignored after the end. */
  push(body: Uint8Array, { isPaid = false }: { readonly isPaid?: boolean } = {}): void {
    const charge = isPaid ? 0 : body.length;
    if (this.#ended || this.#takeNow(body, charge)) return;
    this.#bodies.push({ body: isPaid ? body : body.slice(), charge });
    this.#queuedBytes += charge;
    this.#wake();
  }

  /**
   * Passes bodies to `take` as they arrive, without copies and promises, until it returns false for one or the input
   * ends; that body and all later ones go to the iterator. Rejects with what `take` throws. A view is valid during the
   * call.
   */
  takeWhile(take: (body: Uint8Array) => boolean): Promise<void> {
    for (let [first] = this.#bodies; first !== undefined; [first] = this.#bodies) {
      if (!take(first.body)) return Promise.resolve();
      this.#bodies.shift();
      this.#queuedBytes -= first.charge;
      this.#onConsumed(first.charge);
    }
    if (this.#ended) return Promise.resolve();
    this.#taker = { take, done: createDeferred() };
    return this.#taker.done.promise;
  }

  /** Whether there was a taker, and it took it. */
  #takeNow(body: Uint8Array, charge: number): boolean {
    const taker = this.#taker;
    if (taker === undefined) return false;
    try {
      if (taker.take(body)) {
        this.#onConsumed(charge);
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
      const next = this.#bodies.shift();
      if (next !== undefined) {
        this.#queuedBytes -= next.charge;
        yield next.body;
        // Pulled again: the handler is done with it.
        this.#onConsumed(next.charge);
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
