import { Notifier } from '@innkeeper/kit';

/** Messages of one WebSocket, in order, and how it ended. Bounded by the acknowledgements that its server waits for. */
export class MessageQueue {
  readonly #messages: Uint8Array[] = [];
  readonly #arrived = new Notifier();
  #failure: unknown;

  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#arrived.notify();
  }

  /** What came before is still read. The first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#arrived.notify();
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#arrived.changed();
    }
  }
}
