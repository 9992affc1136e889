import type { AgentMessage } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, type Log, linkSignals, orAborted } from '@innkeeper/kit';
import {
  type AgentMessageIncoming,
  AgentMessageReceiver,
  type AgentMessageReply,
  ByteBudget,
  type HeaderForm,
  maxRequestBytes,
  payloadField,
  refusalReply,
  translateRequest,
} from '@innkeeper/wire';
import type { Dispatcher } from '../dispatch.ts';
import type { Bytes, Clock } from '../host.ts';
import { FileWrites } from './file-writes.ts';
import { answerBudgetBytes, maxRunningCalls, maxUnsentMessages, requestBudgetBytes, stallMs } from './limits.ts';
import { ReplyWriter } from './reply-writer.ts';
import { reportEvents } from './report-events.ts';
import { runCall } from './run-call.ts';

export interface ServeAgentMessageOptions {
  readonly channel: Channel;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly bytes: Bytes;
  readonly log: Log;
  /** Which header is written until the peer has sent one: 'magic' on org.quantix.*, else 'plain'. */
  readonly form: HeaderForm;
  /** Bytes that were read already to tell the dialect. */
  readonly firstBytes?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/**
 * Serves the AgentMessage dialect on a channel until the peer is gone or `signal` is aborted; then running calls are
 * cancelled (processes run on). Requests are carried out at once, side by side, at most `maxRunningCalls`; each is
 * answered with its own message_id. Says agent_ready first, and telemetry every 5 s. The channel stays the caller's: when
 * this resolves after the peer's going, nothing of the session is being written to it any more.
 */
export async function serveAgentMessage(options: ServeAgentMessageOptions): Promise<void> {
  const linked = linkSignals(options.signal);
  const session = new AgentMessageSession(options, linked.signal);
  try {
    await session.run();
  } finally {
    linked.abort(new OperationError('CANCELED', 'The session is over.'));
    linked.unlink();
    await untilAborted(session.close(), options.signal);
  }
}

/** `work`, but no longer than until the signal: then whoever gave it closes the channel, and with it what is pending. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await orAborted(work, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

class AgentMessageSession {
  readonly #options: ServeAgentMessageOptions;
  readonly #signal: AbortSignal;
  readonly #writer: ReplyWriter;
  readonly #receiver = new AgentMessageReceiver({ maxBytes: maxRequestBytes });
  readonly #answers = new ByteBudget(answerBudgetBytes);
  readonly #fileWrites: FileWrites;
  #running = 0;
  #requestBytes = 0;

  constructor(options: ServeAgentMessageOptions, signal: AbortSignal) {
    const { channel, clock, dispatcher, form } = options;
    this.#options = options;
    this.#signal = signal;
    this.#writer = new ReplyWriter(channel, form, () => clock.wallTimeNs());
    this.#fileWrites = new FileWrites({ dispatcher, clock, signal });
  }

  async run(): Promise<void> {
    const { channel, dispatcher, log, firstBytes } = this.#options;
    const freshId = (): string => this.#freshId();
    // Ends by itself with the signal, and its failures are logged there.
    void reportEvents({ dispatcher, log, freshId, writer: this.#writer, signal: this.#signal });
    if (firstBytes !== undefined) await this.#take(this.#receiver.push(firstBytes));
    while (!this.#signal.aborted) {
      const stopTimer = this.#watchForStall();
      const bytes = await this.#read(channel);
      stopTimer();
      if (bytes === undefined) return;
      await this.#take(this.#receiver.push(bytes));
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async #read(channel: Channel): Promise<Uint8Array | undefined> {
    try {
      return await channel.read({ signal: this.#signal });
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      throw error;
    }
  }

  #watchForStall(): () => void {
    if (!this.#receiver.pending) return () => undefined;
    return this.#options.clock.setTimer(stallMs, () => {
      this.#receiver.reset();
      this.#options.log.warn('agent-message.stalled', { stallMs });
    });
  }

  async #take(incoming: Iterable<AgentMessageIncoming>): Promise<void> {
    for (const event of incoming) {
      if (event.type === 'malformed') {
        this.#options.log.warn('agent-message.malformed', { why: event.why });
        continue;
      }
      await this.#writer.room(maxUnsentMessages);
      this.#writer.form = event.form;
      if (event.type === 'message') this.#start(event.message, event.lengthBytes);
      else this.#refuseOversize(event.envelope.messageId, event.envelope.payloadField, event.lengthBytes);
    }
  }

  #refuseOversize(messageId: string, field: number, lengthBytes: number): void {
    const text = `The request has ${lengthBytes} bytes; at most ${maxRequestBytes} are taken. Send less at once.`;
    this.#send(refusalReply(field, new OperationError('INVALID_ARGUMENT', text)), messageId);
  }

  #start(message: AgentMessage, lengthBytes: number): void {
    const { messageId } = message;
    const field = payloadField(message);
    const allowance = this.#answers.open();
    const request = translateRequest(message, { freshId: () => this.#freshId(), allowance });
    if (request.kind === 'ignored') return;
    if (request.kind === 'unsupported') {
      const error = new OperationError('UNSUPPORTED_BY_AGENT', `This agent does not serve ${request.name}.`);
      this.#send(refusalReply(field, error), messageId);
      return;
    }
    const counts = message.payload.case !== 'ping';
    if (counts && this.#isFull(lengthBytes)) {
      const error = new OperationError('TOO_MANY_CALLS', `${this.#running} requests are being carried out.`);
      this.#send(refusalReply(field, error), messageId);
      return;
    }
    const { dispatcher } = this.#options;
    const reply =
      request.kind === 'call'
        ? runCall(request.call, dispatcher, { signal: this.#signal })
        : this.#fileWrites.write(request.request);
    if (counts) this.#running++;
    this.#requestBytes += lengthBytes;
    reply
      .then((answer) => this.#writer.send(answer, messageId))
      .catch((error: unknown) => this.#logUnsent(error))
      .finally(() => {
        if (counts) this.#running--;
        this.#requestBytes -= lengthBytes;
        allowance.release();
      });
  }

  #isFull(lengthBytes: number): boolean {
    if (this.#running >= maxRunningCalls) return true;
    return this.#running > 0 && this.#requestBytes + lengthBytes > requestBudgetBytes;
  }

  #send(reply: AgentMessageReply, messageId: string): void {
    this.#writer.send(reply, messageId).catch((error: unknown) => this.#logUnsent(error));
  }

  /** The channel is gone, which the reader finds as well and acts upon. */
  #logUnsent(error: unknown): void {
    this.#options.log.debug('agent-message.unsent', { error: String(error) });
  }

  #freshId(): string {
    return Array.from(this.#options.bytes.random(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
