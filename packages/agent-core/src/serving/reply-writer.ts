import { OperationError } from '@innkeeper/contract/errors';
import type { Channel } from '@innkeeper/kit';

/** Writes whole messages in order. `Reply` is the dialect's representation of a message. */
export class ReplyWriter<Reply> {
  readonly #channel: Channel;
  readonly #print: (reply: Reply, messageId: string) => Iterable<Uint8Array>;
  #tail: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #closed = false;
  /** Messages that are not yet written. */
  unsent = 0;

  /** @param print encodes a message when it is written; its pieces are written in order */
  constructor(channel: Channel, print: (reply: Reply, messageId: string) => Iterable<Uint8Array>) {
    this.#channel = channel;
    this.#print = print;
  }

  /** Resolves when the message is written; rejects if the transport is closed. */
  send(reply: Reply, messageId: string): Promise<void> {
    this.unsent++;
    const sent = this.#tail.then(() => this.#write(reply, messageId));
    this.#tail = sent.then(
      () => this.#settle(),
      // Reported to this sender; the next ones fail by themselves.
      () => this.#settle(),
    );
    return sent;
  }

  /** Resolves when fewer than `limit` messages are unsent. */
  async room(limit: number): Promise<void> {
    while (this.unsent >= limit) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Drops queued messages, and resolves when the one being written is complete. Until then nothing else may write to
   * the channel: on a port the rest of that message would mix with another session's first one.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  async #write(reply: Reply, messageId: string): Promise<void> {
    if (this.#closed) throw new OperationError('CANCELED', 'The session has ended.');
    for (const part of this.#print(reply, messageId)) await this.#channel.write(part);
  }

  #settle(): void {
    this.unsent--;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
