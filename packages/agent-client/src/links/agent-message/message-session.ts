import { randomUUID } from 'node:crypto';
import type { AgentMessage, AgentReadyEvent, TelemetryReport } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteEncode } from '@innkeeper/contract/lite';
import {
  type Channel,
  cleanText,
  createDeferred,
  type Deferred,
  errorMessage,
  mib,
  withDeadline,
} from '@innkeeper/kit';
import { AgentMessageReceiver, type HeaderForm, printHeader } from '@innkeeper/wire';
import type { LinkClock } from '../../clock.ts';
import { misbehaves } from '../../guest-claims.ts';

/** Largest message of the dialect. */
const maxMessageBytes = 16 * mib;
/**
 * Bytes without one valid message after which the other side is not an agent of this dialect: more where a message may
 * have begun.
 */
const maxGarbageBytes = mib;
const maxPendingBytes = maxMessageBytes + mib;

type Payload = AgentMessage['payload'];
/** The name of a message's payload, such as `ping`. */
export type PayloadCase = NonNullable<Payload['case']>;
type ValueOf<Case extends PayloadCase> = Extract<Payload, { readonly case: Case }>['value'];
type Fields<T> = { readonly [Key in keyof T as Key extends '$typeName' | '$unknown' ? never : Key]?: T[Key] };

interface Waiting {
  readonly expected: PayloadCase;
  readonly answer: Deferred<Payload>;
}

export interface MessageSessionOptions {
  readonly channel: Channel;
  readonly clock: LinkClock;
  readonly onReady: (ready: AgentReadyEvent) => void;
  readonly onTelemetry: (report: TelemetryReport) => void;
  /** The connection is over. Called once; nothing is reported after that. */
  readonly onEnd: (reason: OperationError) => void;
}

/** One connection to an agent that speaks AgentMessage: requests by id, and what it sends by itself. */
export class MessageSession {
  readonly #options: MessageSessionOptions;
  readonly #receiver = new AgentMessageReceiver({ maxBytes: maxMessageBytes });
  readonly #waiting = new Map<string, Waiting>();
  /** Why the connection is over; undefined while it is not. */
  #over: OperationError | undefined;
  /** Hosts of this dialect write the magic; the other form once the agent has used it. */
  #form: HeaderForm = 'magic';
  #writing: Promise<void> = Promise.resolve();
  #garbageBytes = 0;

  constructor(options: MessageSessionOptions) {
    this.#options = options;
    void this.#read();
  }

  /** Sends a request, and resolves to the payload of its answer. */
  async ask<Ask extends PayloadCase, Answer extends PayloadCase>(
    payload: { readonly case: Ask; readonly value: Fields<ValueOf<Ask>> },
    expected: Answer,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<ValueOf<Answer>> {
    if (this.#over !== undefined) throw this.#over;
    const messageId = randomUUID();
    const answer = createDeferred<Payload>();
    answer.promise.catch(() => undefined);
    this.#waiting.set(messageId, { expected, answer });
    const { clock } = this.#options;
    const late = (): OperationError => unreachable(`it did not answer ${payload.case} within ${timeoutMs / 1000} s`);
    try {
      return await withDeadline({ timers: clock, timeoutMs, signal, late }, async () => {
        await this.#send(liteEncode(AgentMessageLite, { messageId, payload: payload as never }));
        // Not raced with the end of the connection: a promise that lives so long would keep something of every request.
        return (await answer.promise).value as ValueOf<Answer>;
      });
    } finally {
      this.#waiting.delete(messageId);
    }
  }

  /** Drops a message that is incomplete: its length may be false. */
  resynchronise(): void {
    this.#receiver.reset();
  }

  async close(): Promise<void> {
    this.#end(new OperationError('CANCELED', 'The connection was closed.'));
    // A channel that cannot be closed is already gone.
    await this.#options.channel.close().catch(() => undefined);
  }

  #send(message: Uint8Array): Promise<void> {
    const { channel } = this.#options;
    const form = this.#form;
    this.#writing = this.#writing.then(async () => {
      await channel.write(Buffer.concat([printHeader(form, message.length), message]));
    });
    const written = this.#writing;
    // The next writer has its own error.
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #read(): Promise<void> {
    const { channel } = this.#options;
    try {
      for (;;) {
        const bytes = await channel.read();
        if (bytes === undefined) throw unreachable('it closed the connection');
        this.#garbageBytes += bytes.length;
        for (const incoming of this.#receiver.push(bytes)) {
          if (incoming.type === 'message') this.#take(incoming.message, incoming.form);
          if (incoming.type === 'oversize')
            this.#reject(incoming.envelope.messageId, `A message has ${incoming.lengthBytes} bytes.`);
        }
        if (this.#garbageBytes > (this.#receiver.pending ? maxPendingBytes : maxGarbageBytes))
          throw misbehaves('It sends something else than AgentMessages.');
      }
    } catch (error) {
      this.#end(error);
    }
  }

  #take({ messageId, payload }: AgentMessage, form: HeaderForm): void {
    if (this.#over !== undefined) return;
    this.#garbageBytes = 0;
    this.#form = form;
    if (payload.case === 'agentReady') this.#options.onReady(payload.value);
    if (payload.case === 'telemetry') this.#options.onTelemetry(payload.value);
    const waiting = this.#waiting.get(messageId);
    if (waiting === undefined) return;
    if (payload.case === waiting.expected) waiting.answer.resolve(payload);
    else if (payload.case === 'error')
      waiting.answer.reject(
        new OperationError('GUEST_IO', cleanText(`${payload.value.code} ${payload.value.message}`, 400)),
      );
    else this.#reject(messageId, `The answer is ${payload.case ?? 'nothing'} instead of ${waiting.expected}.`);
  }

  #reject(messageId: string, why: string): void {
    this.#waiting.get(messageId)?.answer.reject(misbehaves(why));
  }

  #end(error: unknown): void {
    if (this.#over !== undefined) return;
    const reason = error instanceof OperationError ? error : unreachable(errorMessage(error));
    this.#over = reason;
    for (const { answer } of this.#waiting.values()) answer.reject(reason);
    this.#options.onEnd(reason);
  }
}

function unreachable(why: string): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The AgentMessage agent does not answer: ${cleanText(why, 300)}.`);
}
