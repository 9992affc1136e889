import { Notifier } from '@innkeeper/kit';

/**
 * Received messages of one WebSocket, in order, and its failure. Its size is bounded, since the server waits for
 * acknowledgements.
 */
export class MessageQueue {
  readonly #messages: Uint8Array[] = [];
  readonly #arrived = new Notifier();
  #failure: unknown;

  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#arrived.notify();
  }

  /** Messages received before are still delivered. Only the first failure is kept. */
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
