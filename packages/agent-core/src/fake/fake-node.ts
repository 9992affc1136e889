import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Hello, Welcome } from '@innkeeper/contract/agent';
import { type LiteMethod, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Channel } from '@innkeeper/kit';
import {
  encodeFrame,
  maxBodyBytes,
  type NativePayload,
  type NativePayloadInit,
  NodeReceiver,
  openingBytes,
  portableByteOps,
} from '@innkeeper/wire';
import { settle } from './manual-clock.ts';

/** The start time of fake guests' clocks. */
const startNs = 1_790_000_000_000_000_000n;

type End = Extract<NativePayload, { case: 'end' }>['value'];

/** The frames received for one call. */
export interface Answers<O extends DescMessage> {
  readonly messages: MessageShape<O>[];
  end: End | undefined;
}

/** The node's end of a native session, driven by a test: sends on request, records what arrives. */
export class FakeNode {
  readonly #channel: Channel;
  readonly #receiver = new NodeReceiver(portableByteOps);
  readonly #takers = new Map<number, { take(body: Uint8Array): void; finish(end: End): void }>();
  #session: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  #lastCallId = 0;
  readonly welcomes: Welcome[] = [];
  readonly goodbyes: string[] = [];
  /** Credit granted by the agent, per call. */
  readonly credit = new Map<number, number>();
  /** Frames in order of arrival: "3:message", "3:end". */
  readonly order: string[] = [];
  /** The same, those of each read of the channel together. */
  readonly reads: string[][] = [];
  /** Why the agent's bytes were malformed. */
  readonly faults: string[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#listen().catch((error: unknown) => this.faults.push(String(error)));
  }

  /** Opens a session and ends the previous one. */
  async hello(hello: Omit<Partial<Hello>, '$typeName' | '$unknown'> = {}): Promise<Welcome | undefined> {
    this.#session = Uint8Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
    this.#receiver.begin(this.#session);
    this.#takers.clear();
    const facts = { minVersion: 1, maxVersion: 1, wallTimeUnixNs: startNs, nodeVersion: 'test', ...hello };
    await this.#channel.write(openingBytes(this.#session, facts, portableByteOps));
    await settle();
    return this.welcomes.at(-1);
  }

  async send(payload: NativePayloadInit): Promise<void> {
    await this.#channel.write(encodeFrame(this.#session, payload, portableByteOps));
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#channel.write(bytes);
  }

  /** Opens a call. `request` is its first message; `more` announces further ones. */
  async open<I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    request: MessageInitShape<I>,
    options: { readonly more?: boolean; readonly credit?: number; readonly timeoutMs?: number } = {},
  ): Promise<NodeCall<I, O>> {
    const id = ++this.#lastCallId;
    const answers: Answers<O> = { messages: [], end: undefined };
    this.#takers.set(id, {
      take: (body) => answers.messages.push(liteDecode(method.output, body.slice())),
      finish: (end) => {
        answers.end = { ...end };
      },
    });
    const { more = false, credit = 1 << 20, timeoutMs = 0 } = options;
    const body = liteEncode(method.input, request);
    // In parts if it is longer than a frame. This node ignores credit.
    const first = { id, method: method.name, timeoutMs, credit, body: body.subarray(0, maxBodyBytes) };
    const isWhole = body.length <= maxBodyBytes;
    await this.send({ case: 'call', value: { ...first, more: !isWhole, halfClose: isWhole && !more } });
    for (let at = maxBodyBytes; at < body.length && answers.end === undefined; at += maxBodyBytes) {
      const isLast = at + maxBodyBytes >= body.length;
      const part = { callId: id, body: body.subarray(at, at + maxBodyBytes), more: !isLast };
      await this.send({ case: 'message', value: { ...part, halfClose: isLast && !more } });
      await settle();
    }
    await settle();
    return new NodeCall(this, method, id, answers);
  }

  async #listen(): Promise<void> {
    for (;;) {
      const bytes = await this.#channel.read();
      if (bytes === undefined) return;
      const before = this.order.length;
      for (const incoming of this.#receiver.push(bytes)) {
        if (incoming.type === 'welcome') this.welcomes.push(incoming.welcome);
        else if (incoming.type === 'frame') this.#take(incoming.payload);
        else this.faults.push(incoming.why);
      }
      this.reads.push(this.order.slice(before));
    }
  }

  #take(payload: NativePayload): void {
    if (payload.case === 'goodbye') this.goodbyes.push(payload.value.reason);
    if (payload.case !== 'message' && payload.case !== 'end' && payload.case !== 'credit') return;
    const id = payload.value.callId;
    this.order.push(`${id}:${payload.case}`);
    if (payload.case === 'message') this.#takers.get(id)?.take(payload.value.body);
    else if (payload.case === 'end') this.#takers.get(id)?.finish(payload.value);
    else this.credit.set(id, (this.credit.get(id) ?? 0) + payload.value.bytes);
  }
}

/** One call of a fake node. */
export class NodeCall<I extends DescMessage, O extends DescMessage> {
  readonly #node: FakeNode;
  readonly #method: LiteMethod<I, O>;
  readonly id: number;
  readonly answers: Answers<O>;

  constructor(node: FakeNode, method: LiteMethod<I, O>, id: number, answers: Answers<O>) {
    this.#node = node;
    this.#method = method;
    this.id = id;
    this.answers = answers;
  }

  get messages(): readonly MessageShape<O>[] {
    return this.answers.messages;
  }

  /** The reason of its end: "" for success, undefined while it is open. */
  get reason(): string | undefined {
    return this.answers.end?.reason;
  }

  async send(message: MessageInitShape<I>, halfClose = false): Promise<void> {
    const body = liteEncode(this.#method.input, message);
    await this.#node.send({ case: 'message', value: { callId: this.id, body, halfClose } });
    await settle();
  }

  async halfClose(): Promise<void> {
    await this.#node.send({ case: 'message', value: { callId: this.id, halfClose: true } });
    await settle();
  }

  async grant(bytes: number): Promise<void> {
    await this.#node.send({ case: 'credit', value: { callId: this.id, bytes } });
    await settle();
  }

  async cancel(): Promise<void> {
    await this.#node.send({ case: 'cancel', value: { callId: this.id } });
    await settle();
  }
}
