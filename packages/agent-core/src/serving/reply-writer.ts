import { OperationError } from '@innkeeper/contract/errors';
import type { Channel } from '@innkeeper/kit';

/** Writes whole messages one after the other. `Reply` is what the dialect prints them from. */
export class ReplyWriter<Reply> {
  readonly #channel: Channel;
  readonly #print: (reply: Reply, messageId: string) => Iterable<Uint8Array>;
  #tail: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #closed = false;
  /** Messages that the peer has not taken yet. */
  unsent = 0;

  /** @param print called when the message's turn has come; its pieces are written one after the other */
  constructor(channel: Channel, print: (reply: Reply, messageId: string) => Iterable<Uint8Array>) {
    this.#channel = channel;
    this.#print = print;
  }

  /** Resolves when the transport has taken the message; rejects when it is gone. */
  send(reply: Reply, messageId: string): Promise<void> {
    this.unsent++;
    const sent = this.#tail.then(() => this.#write(reply, messageId));
    this.#tail = sent.then(
      () => this.#settle(),
      // The sender is told; those behind it find the channel closed themselves.
      () => this.#settle(),
    );
    return sent;
  }

  /** Resolves when fewer than `limit` messages are unsent. */
  async room(limit: number): Promise<void> {
    while (this.unsent >= limit) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Drops what is not begun, and resolves when the message that is being written is out. Until then nobody else may
   * write to the channel: on a port that message's rest would mix with another session's first one.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  async #write(reply: Reply, messageId: string): Promise<void> {
    if (this.#closed) throw new OperationError('CANCELED', 'The session is over.');
    for (const part of this.#print(reply, messageId)) await this.#channel.write(part);
  }

  #settle(): void {
    this.unsent--;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
