import type { AgentMessage } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import type { Channel, Log } from '@innkeeper/kit';
import {
  type AgentMessageIncoming,
  AgentMessageReceiver,
  type AgentMessageReply,
  type HeaderForm,
  maxRequestBytes,
  payloadField,
  printReply,
  refusalReply,
  translateRequest,
  wholeFileWrite,
} from '@innkeeper/wire';
import type { AgentConfig } from '../../config/agent-config.ts';
import type { Dispatcher } from '../../dispatch.ts';
import { type Spool, spoolMemoryBytes } from '../../file/spool.ts';
import type { Bytes, Clock } from '../../host.ts';
import { CallSlots } from '../../serving/call-slots.ts';
import { maxUnsentMessages, stallMs } from '../../serving/limits.ts';
import { ReplyWriter } from '../../serving/reply-writer.ts';
import { runCall } from '../../serving/run-call.ts';
import { readUntilAborted, runSession, type Session } from '../../serving/run-session.ts';
import { FileWrites } from './file-writes.ts';
import { telemetryIntervalMs } from './limits.ts';
import { LongContent, type LongData } from './long-content.ts';
import { reportEvents } from './report-events.ts';

export interface ServeAgentMessageOptions {
  readonly channel: Channel;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly bytes: Bytes;
  /** Where the data of a long request is kept. */
  readonly createSpool: () => Spool;
  readonly log: Log;
  /** The guest's settings; default: none. */
  readonly config?: AgentConfig | undefined;
  /** The header to write until the peer has sent one: 'magic' on org.quantix.*, else 'plain'. */
  readonly form: HeaderForm;
  /** Bytes already read to detect the dialect. */
  readonly firstBytes?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/**
 * Serves the AgentMessage dialect on a channel until the peer is gone or `signal` is aborted; running calls are then
 * cancelled (processes keep running). Requests run concurrently, at most `maxRunningCalls`; each is answered with its
 * own message_id. Sends agent_ready first, and telemetry every 5 s or as the guest's settings say. The channel stays the caller's: after this resolves
 * because the peer left, nothing of the session is written to it any more.
 */
export function serveAgentMessage(options: ServeAgentMessageOptions): Promise<void> {
  return runSession(options.signal, (signal) => new AgentMessageSession(options, signal));
}

class AgentMessageSession implements Session {
  readonly #options: ServeAgentMessageOptions;
  readonly #signal: AbortSignal;
  readonly #writer: ReplyWriter<AgentMessageReply>;
  readonly #receiver = new AgentMessageReceiver({ maxBytes: maxRequestBytes, passesData: true });
  readonly #slots = new CallSlots();
  readonly #fileWrites: FileWrites;
  readonly #content: LongContent;
  /** The header to write: the channel's own until the peer's first message, and then the peer's. */
  #form: HeaderForm;

  constructor(options: ServeAgentMessageOptions, signal: AbortSignal) {
    const { channel, clock, dispatcher, form } = options;
    this.#options = options;
    this.#signal = signal;
    this.#form = form;
    this.#writer = new ReplyWriter(channel, (reply, messageId) =>
      printReply(reply, { form: this.#form, messageId, wallTimeNs: clock.wallTimeNs() }),
    );
    this.#fileWrites = new FileWrites({ dispatcher, clock, signal });
    this.#content = new LongContent(options.createSpool);
  }

  async run(): Promise<void> {
    const { channel, dispatcher, log, config, firstBytes } = this.#options;
    const intervalMs = config?.telemetryIntervalMs ?? telemetryIntervalMs;
    const freshId = (): string => this.#freshId();
    // It ends with the signal and logs its own failures.
    void reportEvents({ dispatcher, log, freshId, writer: this.#writer, intervalMs, signal: this.#signal });
    if (firstBytes !== undefined) await this.#take(this.#receiver.push(firstBytes));
    while (!this.#signal.aborted) {
      const stopTimer = this.#watchForStall();
      const bytes = await readUntilAborted(channel, this.#signal);
      stopTimer();
      if (bytes === undefined) return;
      await this.#take(this.#receiver.push(bytes));
    }
  }

  close(): Promise<void> {
    this.#content.take()?.close();
    return this.#writer.close();
  }

  #watchForStall(): () => void {
    if (!this.#receiver.pending) return () => undefined;
    return this.#options.clock.setTimer(stallMs, () => {
      this.#receiver.reset();
      this.#content.take()?.close();
      this.#options.log.warn('agent-message.stalled', { stallMs });
    });
  }

  async #take(incoming: Iterable<AgentMessageIncoming>): Promise<void> {
    for (const event of incoming) {
      if (event.type === 'malformed') {
        this.#options.log.warn('agent-message.malformed', { why: event.why });
        continue;
      }
      if (event.type === 'data') {
        await this.#content.add(event.bytes);
        continue;
      }
      await this.#writer.room(maxUnsentMessages);
      this.#form = event.form;
      const data = this.#content.take();
      if (event.type === 'message') this.#start(event.message, event.lengthBytes, data);
      else {
        data?.close();
        this.#refuseOversize(event.envelope.messageId, event.envelope.payloadField, event.lengthBytes);
      }
    }
  }

  #refuseOversize(messageId: string, field: number, lengthBytes: number): void {
    const text = `The request has ${lengthBytes} bytes; the maximum is ${maxRequestBytes}. Split it into smaller ones.`;
    this.#send(refusalReply(field, new OperationError('INVALID_ARGUMENT', text)), messageId);
  }

  /** @param data of a long file_write; it is closed here */
  #start(message: AgentMessage, lengthBytes: number, data: LongData | undefined): void {
    const { messageId } = message;
    const field = payloadField(message);
    const allowance = this.#slots.openAnswer();
    const request = translateRequest(message, {
      freshId: () => this.#freshId(),
      allowance,
      limits: this.#options.config,
    });
    const isAnswered = request.kind !== 'ignored';
    const counts = message.payload.case !== 'ping';
    // The rest of it is on the disk.
    const memoryBytes = data === undefined ? lengthBytes : spoolMemoryBytes;
    const refusal =
      request.kind === 'unsupported'
        ? new OperationError('UNSUPPORTED_BY_AGENT', request.why)
        : (data?.failure ?? (counts ? this.#slots.refusal(memoryBytes) : undefined));
    if (request.kind === 'ignored' || request.kind === 'unsupported' || refusal !== undefined) {
      data?.close();
      if (isAnswered && refusal !== undefined) this.#send(refusalReply(field, refusal), messageId);
      return;
    }
    const { dispatcher } = this.#options;
    const reply =
      request.kind === 'call'
        ? runCall(request.call, dispatcher, { signal: this.#signal })
        : this.#fileWrites.write(data?.of(request.request) ?? wholeFileWrite(request.request));
    const release = this.#slots.take(memoryBytes, counts);
    reply
      .then((answer) => this.#writer.send(answer, messageId))
      .catch((error: unknown) => this.#logUnsent(error))
      .finally(() => {
        release();
        allowance.release();
        data?.close();
      });
  }

  #send(reply: AgentMessageReply, messageId: string): void {
    this.#writer.send(reply, messageId).catch((error: unknown) => this.#logUnsent(error));
  }

  /** The channel is closed; the reader notices that as well and handles it. */
  #logUnsent(error: unknown): void {
    this.#options.log.debug('agent-message.unsent', { error: String(error) });
  }

  #freshId(): string {
    return Array.from(this.#options.bytes.random(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
