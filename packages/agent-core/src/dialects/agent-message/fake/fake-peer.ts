import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { type Channel, createDeferred, type Deferred } from '@innkeeper/kit';
import { AgentMessageReceiver, type HeaderForm, printHeader } from '@innkeeper/wire';

export type Payload = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;

/** A host at the other end, which reads only on request. */
export class FakePeer {
  readonly #toAgent: Uint8Array[] = [];
  readonly #receiver = new AgentMessageReceiver({ maxBytes: 1 << 24 });
  #wake = createDeferred<void>();
  #gate: Deferred<void> | undefined;
  #ended = false;
  readonly received: AgentMessage[] = [];
  readonly forms: HeaderForm[] = [];

  readonly channel: Channel = {
    name: 'test',
    read: async (options) => {
      while (this.#toAgent.length === 0) {
        if (this.#ended) return undefined;
        options?.signal?.throwIfAborted();
        options?.signal?.addEventListener('abort', () => this.#wake.resolve(), { once: true });
        await this.#wake.promise;
        this.#wake = createDeferred<void>();
      }
      return this.#toAgent.shift();
    },
    write: async (bytes) => {
      if (this.#gate !== undefined) await this.#gate.promise;
      for (const event of this.#receiver.push(bytes.slice())) {
        if (event.type !== 'message') throw new Error(`The agent wrote an invalid message: ${event.type}.`);
        this.received.push(event.message);
        this.forms.push(event.form);
      }
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };

  stopReading(): void {
    this.#gate = createDeferred<void>();
  }

  readOn(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  sendBytes(bytes: Uint8Array): void {
    this.#toAgent.push(bytes);
    this.#wake.resolve();
  }

  send(messageId: string, payload: Payload, form: HeaderForm = 'plain'): void {
    const body = liteEncode(AgentMessageLite, { messageId, payload });
    this.sendBytes(new Uint8Array([...printHeader(form, body.length), ...body]));
  }

  hangUp(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  /** The answer to a request; everything is in memory, so it arrives within some turns or never. */
  async answer(messageId: string): Promise<AgentMessage['payload']> {
    for (let turns = 0; turns < 10_000; turns++) {
      const found = this.received.find((message) => message.messageId === messageId);
      if (found !== undefined) return found.payload;
      await Promise.resolve();
    }
    throw new Error(`No answer to ${messageId}.`);
  }
}
