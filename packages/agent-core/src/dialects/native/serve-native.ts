import type { Call, Hello, StreamMessage } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import {
  AgentReceiver,
  encodeFrame,
  initialAgentCredit,
  maxCallCredit,
  maxOpenCalls,
  type NativePayload,
} from '@innkeeper/wire';
import type { OperationTable } from '../../dispatch.ts';
import { deadlineError } from '../../operation-errors.ts';
import type { ServingContext } from '../../serving/dialect.ts';
import type { DirectChannel } from './direct-channel.ts';
import { endOf, NativeCall } from './native-call.ts';
import { Outbox } from './outbox.ts';
import { PartsBudget } from './request-parts.ts';
import { welcome } from './welcome.ts';

/** Milliseconds that writing a goodbye may take. */
const flushMs = 50;

export interface ServeNativeOptions {
  readonly channel: DirectChannel;
  readonly table: OperationTable;
  /** Aborting it ends the serving: the peer gets a goodbye with the reason, if it is a string. */
  readonly context: ServingContext;
}

/**
 * Serves the native dialect on a channel until the peer is known to have left or `signal` is aborted
 * (docs/protocol/native.md). A new hello ends the session before it. The channel stays the caller's and may be closed
 * when this resolves: by then the goodbye has been written or cannot be.
 */
export async function serveNative(options: ServeNativeOptions): Promise<void> {
  const server = new NativeServer(options);
  try {
    await server.run();
  } finally {
    await server.flush();
    server.endSession(new OperationError('CANCELED', 'The session has ended.'));
  }
}

const noSetUp = { mayStepClock: false, mayGrowRoot: false, maySetHostname: false, freshIdentity: false };

class NativeServer {
  readonly #options: ServeNativeOptions;
  readonly #receiver: AgentReceiver;
  readonly #calls = new Map<number, NativeCall>();
  readonly #parts = new PartsBudget();
  #outbox: Outbox | undefined;
  #session: Uint8Array = new Uint8Array(0);

  constructor(options: ServeNativeOptions) {
    this.#options = options;
    this.#receiver = new AgentReceiver(options.context.host.bytes);
  }

  async run(): Promise<void> {
    const { signal, firstBytes } = this.#options.context;
    if (firstBytes !== undefined) this.#take(firstBytes);
    const stopListening = onAbort(signal, () => this.#sayGoodbye());
    try {
      while (await this.#takeSome()) {
        // Stop reading from a node that does not read its answers, so that it costs no memory.
        while (this.#outbox?.isFull === true && !signal.aborted) await this.#outbox.room();
      }
    } finally {
      stopListening();
    }
  }

  /** Waits until the goodbye is written, at most 50 ms. */
  async flush(): Promise<void> {
    const { host, signal } = this.#options.context;
    const outbox = this.#outbox;
    if (!signal.aborted || typeof signal.reason !== 'string' || outbox === undefined) return;
    await new Promise<void>((resolve) => {
      const cancelTimer = host.clock.setTimer(flushMs, resolve);
      outbox.onceIdle(() => {
        cancelTimer();
        resolve();
      });
    });
  }

  /** Ends all calls with their input and answers. Methods that detach continue without them. */
  endSession(reason: OperationError): void {
    for (const call of this.#calls.values()) call.abort(reason);
    this.#calls.clear();
  }

  /** Handles the next bytes, or all available until answers pile up; false once the peer has left. */
  async #takeSome(): Promise<boolean> {
    const { channel } = this.#options;
    const { signal } = this.#options.context;
    if (channel.readEach === undefined) {
      const bytes = await channel.read({ signal });
      if (bytes !== undefined) this.#take(bytes);
      return bytes !== undefined;
    }
    let failure: unknown;
    const isHeld = await channel.readEach(
      (bytes) => {
        try {
          this.#take(bytes);
        } catch (error) {
          failure = error;
          return false;
        }
        return this.#outbox?.isFull !== true;
      },
      { signal },
    );
    if (failure !== undefined) throw failure;
    return isHeld;
  }

  #take(bytes: Uint8Array): void {
    if (this.#outbox === undefined) this.#takeAll(bytes);
    else this.#outbox.batch(() => this.#takeAll(bytes));
  }

  #takeAll(bytes: Uint8Array): void {
    for (const incoming of this.#receiver.push(bytes)) {
      if (incoming.type === 'hello') this.#onHello(incoming.session, incoming.hello);
      else if (incoming.type === 'frame') this.#onFrame(incoming.payload);
      else this.#onLost(incoming.why);
    }
  }

  #onHello(session: Uint8Array, sent: Hello): void {
    const { channel, context } = this.#options;
    const hello = context.maySetUp ? sent : { ...sent, ...noSetUp };
    const { log } = context;
    this.endSession(new OperationError('CANCELED', 'The node opened a new session.'));
    this.#outbox?.close();
    this.#outbox = undefined;
    if (hello.minVersion > 1 || hello.maxVersion < 1) {
      log.warn('session.version', { min: hello.minVersion, max: hello.maxVersion });
      return;
    }
    this.#session = session.slice();
    this.#outbox = new Outbox({
      write: (bytes) => channel.write(bytes),
      writeNow: channel.writeNow === undefined ? undefined : (bytes) => channel.writeNow?.(bytes) ?? 0,
    });
    const [outbox, opened] = [this.#outbox, this.#session];
    const answer = (): void => {
      // The clock is compared when the answer is written. A newer hello has its own answer.
      if (this.#outbox !== outbox) return;
      outbox.post(encodeFrame(opened, { case: 'welcome', value: welcome(context, hello) }, context.host.bytes));
    };
    context.guestIdentity.take(hello, context.freeze.isFrozen);
    const growing = context.rootGrower.begin(hello.mayGrowRoot);
    if (growing === undefined) answer();
    else void growing.then(answer);
    log.info('session.opened', { channel: channel.name, node: hello.nodeVersion, vm: hello.vmName });
  }

  #onLost(why: string): void {
    const { channel, context } = this.#options;
    context.log.debug('session.lost', { channel: channel.name, why });
    this.endSession(new OperationError('CANCELED', `The session was lost: ${why}`));
    this.#outbox?.close();
    this.#outbox = undefined;
  }

  #onFrame(payload: NativePayload): void {
    switch (payload.case) {
      case 'call':
        this.#onCall(payload.value);
        break;
      case 'message': {
        const call = this.#calls.get(payload.value.callId);
        if (call === undefined) break;
        if (call.input.queuedBytes > 2 * initialAgentCredit) {
          this.#onLost(`call ${call.id} sent beyond its credit`);
          break;
        }
        this.#receive(call, payload.value, false);
        break;
      }
      case 'credit':
        this.#calls.get(payload.value.callId)?.grant(payload.value.bytes);
        break;
      case 'cancel':
        this.#calls.get(payload.value.callId)?.end(new OperationError('CANCELED', 'The caller canceled the call.'));
        break;
      default:
        // Frames that only an agent sends, or of a later version: ignored.
        break;
    }
  }

  #onCall(request: Call): void {
    const { table, context } = this.#options;
    const outbox = this.#outbox;
    if (outbox === undefined || this.#calls.has(request.id)) return;
    if (request.halfClose && !request.more && this.#answerNow(request, outbox)) return;
    const call = new NativeCall({
      id: request.id,
      method: () => table.methodOf(request.method),
      session: this.#session,
      credit: Math.min(request.credit, maxCallCredit),
      outbox,
      parts: this.#parts,
      ops: context.host.bytes,
    });
    if (this.#calls.size >= maxOpenCalls) {
      call.end(
        new OperationError('TOO_MANY_CALLS', `This session already has ${maxOpenCalls} open calls, the maximum.`),
      );
      return;
    }
    this.#calls.set(request.id, call);
    this.#receive(call, request, true);
    this.#run(call, request).catch((error: unknown) =>
      context.log.error('call.failed', { method: request.method, error: String(error) }),
    );
  }

  /** A request that cannot be accepted ends its call. */
  #receive(call: NativeCall, { body, halfClose, more }: Call | StreamMessage, isFirst: boolean): void {
    try {
      // An empty body is a valid first request: all fields have their defaults.
      if (body.length > 0 || more || (isFirst && halfClose)) call.receive(body, { more, isFirst });
      if (halfClose) call.input.end();
    } catch (error) {
      call.end(OperationError.from(error));
    }
  }

  /** Whether the method can be answered on the spot, and was: the way of a ping, without anything that waits. */
  #answerNow({ id, method, body }: Call, outbox: Outbox): boolean {
    const { table, context } = this.#options;
    const ops = context.host.bytes;
    const session = this.#session;
    try {
      const answer = table.answerNow(method, body);
      if (answer === undefined) return false;
      outbox.post(encodeFrame(session, { case: 'message', value: { callId: id, body: answer } }, ops));
      outbox.post(encodeFrame(session, { case: 'end', value: endOf(id, undefined) }, ops));
    } catch (error) {
      outbox.post(encodeFrame(session, { case: 'end', value: endOf(id, OperationError.from(error)) }, ops));
    }
    return true;
  }

  /** The call ends at its deadline; its slot is freed when its work has ended. */
  async #run(call: NativeCall, { method, timeoutMs }: Call): Promise<void> {
    const { table, context } = this.#options;
    const cancelTimer =
      timeoutMs === 0
        ? undefined
        : context.host.clock.setTimer(timeoutMs, () => call.end(deadlineError(method, timeoutMs)));
    try {
      await table.run(method, call.input, call, call.signal);
      call.end(undefined);
    } catch (error) {
      call.end(OperationError.from(error));
    } finally {
      cancelTimer?.();
      if (this.#calls.get(call.id) === call) this.#calls.delete(call.id);
    }
  }

  #sayGoodbye(): void {
    const { host, signal } = this.#options.context;
    const reason = signal.reason;
    this.#outbox?.wakeWaiters();
    if (typeof reason === 'string')
      this.#outbox?.post(encodeFrame(this.#session, { case: 'goodbye', value: { reason } }, host.bytes));
  }
}
