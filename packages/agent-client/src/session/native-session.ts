import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HelloSchema, Welcome } from '@innkeeper/contract/agent';
import { isReasonName, OperationError } from '@innkeeper/contract/errors';
import { type Channel, createDeferred } from '@innkeeper/kit';
import {
  type ByteOps,
  encodeFrame,
  initialAgentCredit,
  type NativePayload,
  type NativePayloadInit,
  NodeReceiver,
  openingBytes,
  sealStreamMessage,
} from '@innkeeper/wire';
import type { LinkClock } from '../clock.ts';
import { receiveWindowBytes, SessionCall } from './session-call.ts';
import { SessionLostError } from './session-lost-error.ts';

const maxCalls = 64;

export interface NativeSessionOptions {
  readonly channel: Channel;
  readonly ops: ByteOps;
  readonly clock: LinkClock;
  /** 16 fresh random bytes. */
  readonly nonce: Uint8Array;
}

/**
 * One session with an agent on one channel, from our hello to its end. Ends at the first byte that breaks the rules, and
 * when the channel does; every open call then fails with SessionLostError. docs/protocol/native.md
 */
export class NativeSession {
  readonly #options: NativeSessionOptions;
  readonly #receiver: NodeReceiver;
  readonly #calls = new Map<number, SessionCall>();
  readonly #welcome = createDeferred<Welcome>();
  readonly #ended = createDeferred<SessionLostError>();
  readonly #stopReading = new AbortController();
  #lastCallId = 0;
  #lastSeenMs: number | undefined;
  #over: SessionLostError | undefined;

  constructor(options: NativeSessionOptions) {
    this.#options = options;
    this.#receiver = new NodeReceiver(options.ops);
    // Nobody may be waiting when a session ends before its welcome.
    this.#welcome.promise.catch(() => undefined);
  }

  /** Resolves with why, once. */
  get ended(): Promise<SessionLostError> {
    return this.#ended.promise;
  }

  /** Whether calls can be made, or could be once the welcome is here. */
  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** When the last valid frame came. */
  get lastSeenMs(): number | undefined {
    return this.#lastSeenMs;
  }

  /** Sends the hello and resolves with the welcome; rejects with SessionLostError. */
  open(hello: MessageInitShape<typeof HelloSchema>): Promise<Welcome> {
    const { channel, nonce, ops } = this.#options;
    this.#receiver.begin(nonce);
    this.#read().catch((error: unknown) => this.end(new SessionLostError('AGENT_UNREACHABLE', describe(error))));
    channel
      .write(openingBytes(nonce, hello, ops))
      .catch((error: unknown) => this.end(new SessionLostError('AGENT_UNREACHABLE', describe(error))));
    return this.#welcome.promise;
  }

  /** Opens a call with its first request. @throws SessionLostError, OperationError TOO_MANY_CALLS */
  call(
    method: string,
    body: Uint8Array,
    options: { readonly halfClose: boolean; readonly timeoutMs: number },
  ): SessionCall {
    if (this.#over !== undefined) throw this.#over;
    if (this.#calls.size >= maxCalls)
      throw new OperationError('TOO_MANY_CALLS', `${maxCalls} calls to this guest are open.`);
    const id = ++this.#lastCallId;
    const call = new SessionCall({
      id,
      initialSendCredit: initialAgentCredit,
      grant: (bytes) => this.#post({ case: 'credit', value: { callId: id, bytes } }),
      cancel: () => {
        this.#calls.delete(id);
        this.#post({ case: 'cancel', value: { callId: id } });
      },
      write: (message, halfClose) => this.#write({ case: 'message', value: { callId: id, body: message, halfClose } }),
      writeBulk: (buffer, start, end, prefix) =>
        this.#writeBytes(
          sealStreamMessage(buffer, start, end, {
            session: this.#options.nonce,
            callId: id,
            prefix,
            ops: this.#options.ops,
          }),
        ),
      misbehave: (why) => this.#misbehave(why),
    });
    this.#calls.set(id, call);
    const { halfClose, timeoutMs } = options;
    this.#post({ case: 'call', value: { id, method, timeoutMs, credit: receiveWindowBytes, body, halfClose } });
    return call;
  }

  /** Ends the session; idempotent. The channel stays the caller's. */
  end(why: SessionLostError): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    this.#stopReading.abort(why);
    for (const call of this.#calls.values()) call.finish(why);
    this.#calls.clear();
    this.#welcome.reject(why);
    this.#ended.resolve(why);
  }

  async #read(): Promise<void> {
    const { channel, clock } = this.#options;
    while (this.#over === undefined) {
      const bytes = await channel.read({ signal: this.#stopReading.signal });
      if (bytes === undefined) throw new Error('the channel was closed');
      for (const incoming of this.#receiver.push(bytes)) {
        if (incoming.type === 'malformed') {
          this.#misbehave(incoming.why);
          return;
        }
        this.#lastSeenMs = clock.nowMs();
        if (incoming.type === 'welcome') this.#welcome.resolve(incoming.welcome);
        else this.#onFrame(incoming.payload);
        if (this.#over !== undefined) return;
      }
    }
  }

  #onFrame(payload: NativePayload): void {
    switch (payload.case) {
      case 'message':
        this.#calls.get(payload.value.callId)?.receive(payload.value.body);
        break;
      case 'credit':
        this.#calls.get(payload.value.callId)?.addCredit(payload.value.bytes);
        break;
      case 'end': {
        const { callId, code, reason, message } = payload.value;
        const call = this.#calls.get(callId);
        this.#calls.delete(callId);
        call?.finish(code === 0 ? undefined : new OperationError(isReasonName(reason) ? reason : 'INTERNAL', message));
        break;
      }
      case 'goodbye':
        this.end(
          new SessionLostError('AGENT_UNREACHABLE', `the agent said goodbye: ${payload.value.reason.slice(0, 100)}`),
        );
        break;
      default:
        // Of a later version, or an answer to a call that was given up.
        break;
    }
  }

  #misbehave(why: string): void {
    this.end(new SessionLostError('GUEST_MISBEHAVES', why));
  }

  /** For frames nobody waits for; a failed channel ends the session. */
  #post(payload: NativePayloadInit): void {
    this.#write(payload).catch(() => undefined);
  }

  #write(payload: NativePayloadInit): Promise<void> {
    return this.#writeBytes(encodeFrame(this.#options.nonce, payload, this.#options.ops));
  }

  async #writeBytes(bytes: Uint8Array): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    try {
      await this.#options.channel.write(bytes);
    } catch (error) {
      this.end(new SessionLostError('AGENT_UNREACHABLE', describe(error)));
      throw this.#over ?? error;
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
