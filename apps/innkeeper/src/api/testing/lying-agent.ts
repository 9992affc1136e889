import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { methodCapabilities, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { type LiteMethod, liteEncode } from '@innkeeper/contract/lite';
import type { FakeGuest } from '@innkeeper/hypervisor/fake';
import type { Channel } from '@innkeeper/kit';
import { AgentReceiver, encodeFrame, type NativePayloadInit, portableByteOps } from '@innkeeper/wire';

/** A call of a node to a lying agent. */
export interface LyingCall {
  readonly id: number;
  readonly method: string;
  /** Aborted when the node cancels the call, or the session ends. */
  readonly signal: AbortSignal;
}

/** An agent that respects the framing but violates the rest of the protocol as a test demands. */
export class LyingAgent {
  /** Handles a call. Default: pings are answered, everything else waits forever. */
  onCall: (call: LyingCall, agent: LyingAgent) => void = () => undefined;
  sessions = 0;
  readonly #channel: Channel;
  #session: Uint8Array = new Uint8Array(16);
  #calls = new Map<number, AbortController>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Serves until the guest is powered off. */
  async serve({ signal }: Pick<FakeGuest, 'signal'>): Promise<void> {
    const receiver = new AgentReceiver(portableByteOps);
    while (!signal.aborted) {
      const bytes = await this.#channel.read({ signal });
      if (bytes === undefined) return;
      for (const incoming of receiver.push(bytes)) {
        if (incoming.type === 'hello') await this.#welcome(incoming.session);
        else if (incoming.type === 'frame') this.#take(incoming.payload);
      }
    }
  }

  /** Sends without regard to credit. Other tasks run in between, as with a socket. */
  async send(payload: NativePayloadInit): Promise<void> {
    await this.#channel.write(encodeFrame(this.#session, payload, portableByteOps));
    await nextTurn();
  }

  async answer<I extends DescMessage, O extends DescMessage>(
    { id }: LyingCall,
    method: LiteMethod<I, O>,
    message: MessageInitShape<O>,
  ): Promise<void> {
    await this.send({ case: 'message', value: { callId: id, body: liteEncode(method.output, message) } });
  }

  async end({ id }: LyingCall, reason: string, message: string): Promise<void> {
    await this.send({ case: 'end', value: { callId: id, code: 13, reason, message } });
  }

  async #welcome(session: Uint8Array): Promise<void> {
    this.#endSession();
    this.#session = session.slice();
    this.sessions++;
    await this.send({
      case: 'welcome',
      value: { version: 1, agentVersion: '9.9.9', agentInstance: 'liar', capabilities: [...methodCapabilities] },
    });
  }

  #endSession(): void {
    for (const call of this.#calls.values()) call.abort();
    this.#calls.clear();
  }

  #take(payload: { readonly case: string | undefined; readonly value?: unknown }): void {
    if (payload.case === 'cancel') this.#calls.get((payload.value as { callId: number }).callId)?.abort();
    if (payload.case !== 'call') return;
    const { id, method } = payload.value as { id: number; method: string };
    const abort = new AbortController();
    this.#calls.set(id, abort);
    const call = { id, method, signal: abort.signal };
    // The guest was powered off or the session ended.
    if (method === TelemetryServiceLite.ping.name)
      this.answer(call, TelemetryServiceLite.ping, {}).catch(() => undefined);
    else this.onCall(call, this);
  }
}
