import type { Call, Hello } from '@innkeeper/contract/agent';
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
import { welcome } from './welcome.ts';

/** How long a goodbye may take to get into the channel. */
const flushMs = 50;

export interface ServeNativeOptions {
  readonly channel: DirectChannel;
  readonly table: OperationTable;
  /** Its signal ends the serving: the peer gets a goodbye with the reason, if it is a string. */
  readonly context: ServingContext;
}

/**
 * Serves the native dialect on a channel until the peer is known to have gone or `signal` is aborted
 * (docs/protocol/native.md). A new hello ends the session before it. The channel stays the caller's: it may be closed
 * when this resolves, since by then the goodbye is out, or cannot get out.
 */
export async function serveNative(options: ServeNativeOptions): Promise<void> {
  const server = new NativeServer(options);
  try {
    await server.run();
  } finally {
    await server.flush();
    server.endSession(new OperationError('CANCELED', 'The session is over.'));
  }
}

class NativeServer {
  readonly #options: ServeNativeOptions;
  readonly #receiver: AgentReceiver;
  readonly #calls = new Map<number, NativeCall>();
  #outbox: Outbox | undefined;
  #session: Uint8Array = new Uint8Array(0);

  constructor(options: ServeNativeOptions) {
    this.#options = options;
    this.#receiver = new AgentReceiver(options.context.host.bytes);
  }

  async run(): Promise<void> {
    const { signal, firstBytes } = this.#options.context;
    if (firstBytes !== undefined) this.#take(firstBytes);
    const untie = onAbort(signal, () => this.#sayGoodbye());
    try {
      while (await this.#takeSome()) {
        // A node that asks and does not read its answers is not heard any further, and neither costs memory.
        while (this.#outbox?.isFull === true && !signal.aborted) await this.#outbox.room();
      }
    } finally {
      untie();
    }
  }

  /** When it has said goodbye: until that is written, 50 ms at most. */
  async flush(): Promise<void> {
    const { host, signal } = this.#options.context;
    const outbox = this.#outbox;
    if (!signal.aborted || typeof signal.reason !== 'string' || outbox === undefined) return;
    await new Promise<void>((resolve) => {
      const takeBack = host.clock.setTimer(flushMs, resolve);
      outbox.onceIdle(() => {
        takeBack();
        resolve();
      });
    });
  }

  /** Ends all calls: their input and answers are gone. Work of methods that detach goes on without them. */
  endSession(reason: OperationError): void {
    for (const call of this.#calls.values()) call.abort(reason);
    this.#calls.clear();
  }

  /** Takes the next bytes, or all there are until answers pile up; false when the peer has gone. */
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

  #onHello(session: Uint8Array, hello: Hello): void {
    const { channel, context } = this.#options;
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
    this.#outbox.post(
      encodeFrame(this.#session, { case: 'welcome', value: welcome(context, hello) }, context.host.bytes),
    );
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
        if (payload.value.body.length > 0) call.input.push(payload.value.body);
        if (payload.value.halfClose) call.input.end();
        break;
      }
      case 'credit':
        this.#calls.get(payload.value.callId)?.grant(payload.value.bytes);
        break;
      case 'cancel':
        this.#calls.get(payload.value.callId)?.end(new OperationError('CANCELED', 'The caller cancelled.'));
        break;
      default:
        // Frames that only an agent sends, or a later version: of no meaning here.
        break;
    }
  }

  #onCall(request: Call): void {
    const { table, context } = this.#options;
    const outbox = this.#outbox;
    if (outbox === undefined || this.#calls.has(request.id)) return;
    if (request.halfClose && this.#answerNow(request, outbox)) return;
    const call = new NativeCall({
      id: request.id,
      method: table.methodOf(request.method),
      session: this.#session,
      credit: Math.min(request.credit, maxCallCredit),
      outbox,
      ops: context.host.bytes,
    });
    if (this.#calls.size >= maxOpenCalls) {
      call.end(new OperationError('TOO_MANY_CALLS', `${maxOpenCalls} calls are open in this session.`));
      return;
    }
    this.#calls.set(request.id, call);
    // An empty body is a message too: a request whose fields all have their defaults.
    if (request.body.length > 0 || request.halfClose) call.input.push(request.body);
    if (request.halfClose) call.input.end();
    this.#run(call, request).catch((error: unknown) =>
      context.log.error('call.failed', { method: request.method, error: String(error) }),
    );
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

  /** The call ends at its deadline, and its place is free when its work has. */
  async #run(call: NativeCall, { method, timeoutMs }: Call): Promise<void> {
    const { table, context } = this.#options;
    const takeBack =
      timeoutMs === 0
        ? undefined
        : context.host.clock.setTimer(timeoutMs, () => call.end(deadlineError(method, timeoutMs)));
    try {
      await table.run(method, call.input, call, call.signal);
      call.end(undefined);
    } catch (error) {
      call.end(OperationError.from(error));
    } finally {
      takeBack?.();
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
