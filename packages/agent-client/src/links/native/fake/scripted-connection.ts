import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Call, Hello, WelcomeSchema } from '@innkeeper/contract/agent';
import { methodCapabilities } from '@innkeeper/contract/agent-lite';
import { type LiteMethod, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Channel } from '@innkeeper/kit';
import {
  AgentReceiver,
  encodeFrame,
  type NativePayload,
  type NativePayloadInit,
  portableByteOps,
} from '@innkeeper/wire';

/** A received call and what followed it. */
export interface ScriptedCall {
  readonly id: number;
  readonly method: string;
  readonly timeoutMs: number;
  /** The first request body and later ones. */
  readonly bodies: Uint8Array[];
  halfClosed: boolean;
  canceled: boolean;
  /** Credit that the node has granted since. */
  granted: number;
}

/** One connection from the agent's side, driven by a test: records what arrives, sends on request. */
export class ScriptedConnection implements Channel {
  readonly name = 'scripted';
  readonly calls: ScriptedCall[] = [];
  hello: Hello | undefined;
  session: Uint8Array = new Uint8Array(16);
  closed = false;
  /** Called for each hello and call. */
  onHello: ((connection: ScriptedConnection) => void) | undefined;
  onCall: ((call: ScriptedCall, connection: ScriptedConnection) => void) | undefined;
  readonly #receiver = new AgentReceiver(portableByteOps);
  readonly #toNode: Uint8Array[] = [];
  #ended = false;
  #isTaking = true;
  waitingWrites = 0;
  waitingBytes = 0;
  #wake: (() => void)[] = [];

  async read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined> {
    const signal = options?.signal;
    for (;;) {
      signal?.throwIfAborted();
      const bytes = this.#toNode.shift();
      if (bytes !== undefined) return bytes;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new Error('the connection is closed');
    if (!this.#isTaking) {
      this.waitingWrites++;
      this.waitingBytes += bytes.length;
      await new Promise(() => undefined);
    }
    for (const incoming of this.#receiver.push(bytes.slice())) {
      if (incoming.type === 'hello') {
        this.session = incoming.session;
        this.hello = incoming.hello;
        this.onHello?.(this);
      } else if (incoming.type === 'frame') this.#take(incoming.payload);
      else throw new Error(`The node wrote an invalid frame: ${incoming.why}`);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.hangUp();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Behaves like a guest that does not read its port: later writes of the node wait. */
  stopTaking(): void {
    this.#isTaking = false;
  }

  /** The node reaches end of file and cannot write. */
  hangUp(): void {
    this.#ended = true;
    for (const wake of this.#wake.splice(0)) wake();
  }

  sendBytes(bytes: Uint8Array): void {
    this.#toNode.push(bytes.slice());
    for (const wake of this.#wake.splice(0)) wake();
  }

  send(payload: NativePayloadInit): void {
    this.sendBytes(this.frame(payload));
  }

  frame(payload: NativePayloadInit): Uint8Array {
    return encodeFrame(this.session, payload, portableByteOps);
  }

  welcome(welcome: MessageInitShape<typeof WelcomeSchema> = {}): void {
    this.send({
      case: 'welcome',
      value: {
        version: 1,
        agentVersion: '1.2.3',
        agentInstance: 'one',
        capabilities: [...methodCapabilities],
        ...welcome,
      },
    });
  }

  /** Sends an answer. */
  answer<I extends DescMessage, O extends DescMessage>(
    call: ScriptedCall,
    method: LiteMethod<I, O>,
    message: MessageInitShape<O>,
  ): void {
    this.send({ case: 'message', value: { callId: call.id, body: liteEncode(method.output, message) } });
  }

  end(call: ScriptedCall, error?: { readonly reason: string; readonly message: string }): void {
    const { reason = '', message = '' } = error ?? {};
    this.send({ case: 'end', value: { callId: call.id, code: error === undefined ? 0 : 13, reason, message } });
  }

  #take(payload: NativePayload): void {
    if (payload.case === 'call') this.#begin(payload.value);
    if (payload.case !== 'message' && payload.case !== 'cancel' && payload.case !== 'credit') return;
    const call = this.calls.find(({ id }) => id === payload.value.callId);
    if (call === undefined) return;
    if (payload.case === 'cancel') call.canceled = true;
    else if (payload.case === 'credit') call.granted += payload.value.bytes;
    else {
      if (payload.value.body.length > 0) call.bodies.push(payload.value.body.slice());
      call.halfClosed ||= payload.value.halfClose;
    }
  }

  #begin({ id, method, timeoutMs, body, halfClose }: Call): void {
    const call = { id, method, timeoutMs, bodies: [body.slice()], halfClosed: halfClose, canceled: false, granted: 0 };
    this.calls.push(call);
    this.onCall?.(call, this);
  }
}

/** The decoded requests of a call. */
export function requestsOf<I extends DescMessage>(call: ScriptedCall | undefined, method: LiteMethod<I>) {
  return (call?.bodies ?? []).map((body): MessageShape<I> => liteDecode(method.input, body));
}
