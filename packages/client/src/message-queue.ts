import { createDeferred, type Deferred } from '@innkeeper/kit';

/** Messages of one WebSocket, in order, and how it ended. Bounded by the acknowledgements that its server waits for. */
export class MessageQueue {
  readonly #messages: Uint8Array[] = [];
  #failure: unknown;
  #waiting: Deferred<void> | undefined;

  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** What came before is still read. The first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#failure !== undefined) throw this.#failure;
      this.#waiting ??= createDeferred();
      await this.#waiting.promise;
    }
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
