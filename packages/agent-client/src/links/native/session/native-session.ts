import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HelloSchema, Welcome } from '@innkeeper/contract/agent';
import { guestError, OperationError } from '@innkeeper/contract/errors';
import { type Channel, cleanText, createDeferred, Notifier, onAbort } from '@innkeeper/kit';
import {
  type ByteOps,
  encodeFrame,
  maxBodyBytes,
  maxOpenCalls,
  type NativePayload,
  type NativePayloadInit,
  NodeReceiver,
  openingBytes,
  sealStreamMessage,
} from '@innkeeper/wire';
import type { LinkClock } from '../../../clock.ts';
import { checkBody, overdraftBytes, SessionCall } from './session-call.ts';
import { SessionLostError } from './session-lost-error.ts';
import { SessionWriter } from './session-writer.ts';
import { StrayAnswers } from './stray-answers.ts';
import { TurnBudget } from './turn-budget.ts';

/** Bytes of answers in flight for each of the first open calls of a session, and for later ones. */
const windows = { wide: 512 * 1024, narrow: 64 * 1024, wideCalls: 8 };

/** Open calls left to those that cannot wait for others to end, such as pings. */
const keptPlaces = 4;
/** Milliseconds without an ended call after which a call no longer waits until fewer are open. */
const placeWithinMs = 5000;

export interface NativeSessionOptions {
  readonly channel: Channel;
  readonly ops: ByteOps;
  readonly clock: LinkClock;
  /** 16 fresh random bytes. */
  readonly nonce: Uint8Array;
}

/**
 * One session with an agent on one channel, from the hello to its end. Ends at the first byte that breaks the rules,
 * and with the channel; every open call then fails with SessionLostError. docs/protocol/native.md
 */
export class NativeSession {
  readonly #options: NativeSessionOptions;
  readonly #receiver: NodeReceiver;
  readonly #writer: SessionWriter;
  readonly #turn: TurnBudget;
  readonly #strays = new StrayAnswers();
  readonly #calls = new Map<number, SessionCall>();
  readonly #welcome = createDeferred<Welcome>();
  readonly #ended = createDeferred<SessionLostError>();
  readonly #stopReading = new AbortController();
  #lastCallId = 0;
  #lastSeenMs: number | undefined;
  #over: SessionLostError | undefined;
  #takesParts = false;
  /** Resolves when the last long message was sent. */
  #lastLong: Promise<void> = Promise.resolve();
  readonly #freed = new Notifier();
  /** When a call last ended. */
  #freedAtMs = 0;

  constructor(options: NativeSessionOptions) {
    this.#options = options;
    this.#receiver = new NodeReceiver(options.ops);
    this.#writer = new SessionWriter(options.channel, (why) => this.end(why));
    this.#turn = new TurnBudget(options.clock);
    // A session may end before its welcome while nothing waits for it.
    this.#welcome.promise.catch(() => undefined);
  }

  /** Resolves with the reason when the session has ended. */
  get ended(): Promise<SessionLostError> {
    return this.#ended.promise;
  }

  /** Whether calls can be made, or could be once the welcome has arrived. */
  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** When the last valid frame arrived. */
  get lastSeenMs(): number | undefined {
    return this.#lastSeenMs;
  }

  /** Sends the hello and resolves with the welcome; rejects with SessionLostError. */
  open(hello: MessageInitShape<typeof HelloSchema>): Promise<Welcome> {
    const { nonce, ops } = this.#options;
    this.#receiver.begin(nonce);
    this.#read().catch((error: unknown) => this.end(SessionLostError.unreachable(error)));
    // A failed write ends the session and this wait.
    this.#writer.write(openingBytes(nonce, hello, ops)).catch(() => undefined);
    return this.#welcome.promise;
  }

  /**
   * Opens a call with its first request.
   * @throws SessionLostError, OperationError TOO_MANY_CALLS, INVALID_ARGUMENT if the request is too long
   */
  call(
    method: string,
    body: Uint8Array,
    options: { readonly halfClose: boolean; readonly timeoutMs: number },
  ): SessionCall {
    if (this.#over !== undefined) throw this.#over;
    if (this.#calls.size >= maxOpenCalls)
      throw new OperationError('TOO_MANY_CALLS', `This guest already has ${maxOpenCalls} open calls, the maximum.`);
    checkBody(body.length, this.#takesParts);
    const id = ++this.#lastCallId;
    const { halfClose, timeoutMs } = options;
    const credit = this.#calls.size < windows.wideCalls ? windows.wide : windows.narrow;
    // Encoded before the call is registered: a request that cannot be sent must not occupy a slot.
    const more = body.length > maxBodyBytes;
    const first = { id, method, timeoutMs, credit, body: body.subarray(0, maxBodyBytes), more };
    const frame = this.#frame({ case: 'call', value: { ...first, halfClose: halfClose && !more } });
    const call = this.#newCall(id, credit);
    this.#calls.set(id, call);
    this.#post(frame);
    if (more) call.sendRest(body, halfClose);
    return call;
  }

  /**
   * Runs `open`, which opens a call, once few enough calls are open. If none has ended for 5 s it is run anyway, and
   * `call` throws TOO_MANY_CALLS. Rejects with what `open` throws, or the signal's reason.
   */
  async inTurn<T>(signal: AbortSignal, open: () => T): Promise<T> {
    const { clock } = this.#options;
    const fromMs = clock.nowMs();
    for (;;) {
      signal.throwIfAborted();
      const leftMs = placeWithinMs - (clock.nowMs() - Math.max(fromMs, this.#freedAtMs));
      // Checked and opened synchronously, so that no more calls continue than there is room for.
      if (this.#hasPlace || leftMs <= 0) return open();
      await this.#freedWithin(leftMs, signal);
    }
  }

  async #freedWithin(ms: number, signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#freed.notify();
    const cancelTimer = this.#options.clock.setTimer(ms, wake);
    const stopListening = onAbort(signal, wake);
    await this.#freed.changed();
    cancelTimer();
    stopListening();
  }

  /** Also true once the session is over, so that no call waits for it. */
  get #hasPlace(): boolean {
    return this.#over !== undefined || this.#calls.size < maxOpenCalls - keptPlaces;
  }

  async #longTurn(): Promise<() => void> {
    const before = this.#lastLong;
    const mine = createDeferred<void>();
    this.#lastLong = mine.promise;
    await before;
    return mine.resolve;
  }

  #newCall(id: number, windowBytes: number): SessionCall {
    const { nonce: session, ops } = this.#options;
    return new SessionCall({
      id,
      windowBytes,
      turn: this.#turn,
      grant: (bytes) => this.#write(this.#frame({ case: 'credit', value: { callId: id, bytes } })),
      cancel: () => {
        this.#forget(id);
        // Frames in flight, and those that the agent sends before it gets the cancel.
        this.#strays.allow(windowBytes + overdraftBytes);
        this.#post(this.#frame({ case: 'cancel', value: { callId: id } }));
      },
      room: () => this.#writer.room(),
      write: (body, halfClose, more) =>
        this.#write(this.#frame({ case: 'message', value: { callId: id, body, halfClose, more } })),
      takesParts: () => this.#takesParts,
      longTurn: () => this.#longTurn(),
      writeBulk: (buffer, start, end, prefix) =>
        this.#write(sealStreamMessage(buffer, start, end, { session, callId: id, prefix, ops })),
      misbehave: (why) => this.#misbehave(why),
    });
  }

  /** Ends the session; idempotent. The channel stays the caller's. */
  end(why: SessionLostError): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    this.#stopReading.abort(why);
    for (const call of this.#calls.values()) call.lose(why);
    this.#calls.clear();
    this.#freed.notify();
    this.#writer.close();
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
        if (incoming.type === 'welcome') this.#onWelcome(incoming.welcome);
        else this.#onFrame(incoming.payload);
        const nextTurn = this.#turn.spend(incoming.type === 'frame' ? bodyBytesOf(incoming.payload) : 0);
        if (nextTurn !== undefined) await nextTurn;
        if (this.#over !== undefined) return;
      }
    }
  }

  #onWelcome(welcome: Welcome): void {
    this.#takesParts = welcome.capabilities.includes('requests.parts');
    this.#welcome.resolve(welcome);
  }

  #forget(id: number): void {
    this.#calls.delete(id);
    this.#freedAtMs = this.#options.clock.nowMs();
    this.#freed.notify();
  }

  #onFrame(payload: NativePayload): void {
    switch (payload.case) {
      case 'message':
        this.#callOf(payload.value.callId, payload.value.body.length)?.receive(payload.value.body);
        break;
      case 'credit':
        this.#callOf(payload.value.callId, 0)?.addCredit(payload.value.bytes);
        break;
      case 'end': {
        const { callId, code, reason, message } = payload.value;
        const call = this.#callOf(callId, 0);
        if (reason === 'AGENT_UPDATING') {
          call?.leaveToNextAgent();
          break;
        }
        this.#forget(callId);
        call?.finish(code === 0 ? undefined : guestError(reason, message));
        break;
      }
      case 'goodbye':
        this.end(
          new SessionLostError('AGENT_UNREACHABLE', `the agent said goodbye: ${cleanText(payload.value.reason, 100)}`),
        );
        break;
      default:
        this.#misbehave(`a frame that only a node sends: ${payload.case}`);
        break;
    }
  }

  /** The open call of a frame. A frame for a call that was never made, or too many for ended calls, end the session. */
  #callOf(id: number, bytes: number): SessionCall | undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) return call;
    if (id === 0 || id > this.#lastCallId) this.#misbehave(`an answer to call ${id}, which was never made`);
    else if (!this.#strays.admit(bytes)) this.#misbehave('too many answers to calls that have ended');
    return undefined;
  }

  #misbehave(why: string): void {
    this.end(new SessionLostError('GUEST_MISBEHAVES', why));
  }

  #frame(payload: NativePayloadInit): Uint8Array {
    return encodeFrame(this.#options.nonce, payload, this.#options.ops);
  }

  /** For frames that nothing waits for; a failed channel ends the session. */
  #post(frame: Uint8Array): void {
    this.#write(frame).catch(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    await this.#writer.write(bytes);
  }
}

function bodyBytesOf(payload: NativePayload): number {
  return payload.case === 'message' ? payload.value.body.length : 0;
}
