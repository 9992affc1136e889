import { OperationError } from '@innkeeper/contract/errors';
import type { Channel } from '@innkeeper/kit';
import { type AgentMessageReply, type HeaderForm, printReply } from '@innkeeper/wire';

/** Writes whole messages one after the other. */
export class ReplyWriter {
  readonly #channel: Channel;
  readonly #wallTimeNs: () => bigint;
  #tail: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #closed = false;
  /** Which header is written: the channel's own until the peer's first message, and then the peer's. */
  form: HeaderForm;
  /** Messages that the peer has not taken yet. */
  unsent = 0;

  constructor(channel: Channel, form: HeaderForm, wallTimeNs: () => bigint) {
    this.#channel = channel;
    this.form = form;
    this.#wallTimeNs = wallTimeNs;
  }

  /** Resolves when the transport has taken the message; rejects when it is gone. */
  send(reply: AgentMessageReply, messageId: string): Promise<void> {
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

  async #write(reply: AgentMessageReply, messageId: string): Promise<void> {
    if (this.#closed) throw new OperationError('CANCELED', 'The session is over.');
    const envelope = { form: this.form, messageId, wallTimeNs: this.#wallTimeNs() };
    for (const part of printReply(reply, envelope)) await this.#channel.write(part);
  }

  #settle(): void {
    this.unsent--;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
