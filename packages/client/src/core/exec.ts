import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type ExecEvent, ExecEventSchema, ExecRequestSchema, type ProcessSpecSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { maxRequestBytes } from '@innkeeper/contract/limits';
import { onAbort } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { vmUrl } from './addresses.ts';
import { fromErrorBody } from './errors.ts';
import { MessageQueue } from './message-queue.ts';
import { cutOverlap, isLoss, Resume } from './resume.ts';
import { StdinWindow } from './stdin-window.ts';
import type { OpenSocket, StreamSocket } from './stream-socket.ts';
import { newId } from './time-and-chance.ts';

/** Consumed output is acknowledged in steps of this size. */
const ackStepBytes = 32n * 1024n;
/** Milliseconds after which a command that nobody follows gets HUP. */
const hangupAfterMs = 60_000;
/** Maximum bytes of input in one message. */
const maxPieceBytes = 64 * 1024;
/** Close code of a WebSocket on which a message was too long (RFC 6455, 7.4.1). */
const messageTooBig = 1009;
/** Maximum number of signals queued until the command has started; later ones are dropped. */
const maxEarlySignals = 16;

export interface ExecOptions {
  /** The command to start. Give either this or `attach`, which follows a running command. */
  readonly start?: MessageInitShape<typeof ProcessSpecSchema> | undefined;
  /**
   * The command runs on when nobody follows it, and then drops its oldest output. Otherwise it waits for its reader, and
   * gets HUP a minute after this client was closed or killed or lost its connection, unless somebody attaches to it.
   * What `start` itself says of this counts more.
   */
  readonly detach?: boolean | undefined;
  readonly attach?: { readonly id: string; readonly fromOffset?: bigint | undefined } | undefined;
  /** Stops following; without `detach` the command gets HUP a minute later. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection to the agent or the daemon is lost, and when it is back. */
  readonly onInterruption?: ((what: 'agent lost' | 'agent back' | 'daemon lost' | 'daemon back') => void) | undefined;
}

/** A command that is followed. It blocks on output until its events are read. */
export interface ExecStream extends AsyncIterable<ExecEvent> {
  readonly id: string;
  /** Resolves when more may be written: up to 256 KiB are buffered. Input after the end is dropped. */
  writeStdin(data: Uint8Array): Promise<void>;
  endStdin(): void;
  resize(columns: number, rows: number): void;
  /** Sends a signal, by its Linux number, to the whole process tree. */
  kill(signal: number): void;
  /** Stops following; without `detach` the command gets HUP a minute later. */
  close(): void;
}

/** The connection that exec uses. */
export interface ExecTransport {
  readonly open: OpenSocket;
  /**
   * For platforms that do not report why a connection was refused, such as browsers: requests the same VM, and rejects
   * with the reason.
   */
  readonly askWhy?: ((vm: string) => Promise<unknown>) | undefined;
}

type Input = NonNullable<MessageInitShape<typeof ExecRequestSchema>['input']>;

/**
 * Opens the stream. Events arrive in order and exactly once, also across restarts of the daemon, for which it waits up
 * to 60 s. The iteration rejects with OperationError: the agent's own, DAEMON_UNREACHABLE, or CANCELED after `close` or
 * an abort.
 */
export function openExec(transport: ExecTransport, vm: string, options: ExecOptions): ExecStream {
  return new Exec(transport, vm, options);
}

/** One connection to the daemon, its received messages, and whether it opened. */
interface Connection {
  readonly queue: MessageQueue;
  readonly socket: StreamSocket;
  readonly opened: Promise<boolean>;
}

class Exec implements ExecStream {
  readonly id: string;
  readonly #transport: ExecTransport;
  readonly #vm: string;
  readonly #options: ExecOptions;
  readonly #stdin = new StdinWindow();
  readonly #ending = new AbortController();
  readonly #resume = new Resume();
  readonly #untie: () => void;
  #connection: Connection | undefined;
  /** The command has started; `#live`: and it is attached to this connection. */
  #started = false;
  #live = false;
  #nextOffset: bigint;
  #acknowledged = 0n;
  #size: { columns: number; rows: number } | undefined;
  #earlySignals: number[] = [];

  constructor(transport: ExecTransport, vm: string, options: ExecOptions) {
    this.#transport = transport;
    this.#vm = vm;
    this.#options = options;
    this.id = options.attach?.id ?? (options.start?.id || newId());
    this.#nextOffset = options.attach?.fromOffset ?? 0n;
    const { signal } = options;
    this.#untie = onAbort(signal, () => {
      if (signal !== undefined) this.#end(abortError(signal));
    });
    if (!this.#ending.signal.aborted) this.#connect();
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += maxPieceBytes) {
      await this.#stdin.room();
      if (this.#ending.signal.aborted) return;
      const { offset, data: copy } = this.#stdin.add(data.subarray(at, at + maxPieceBytes));
      if (this.#live) this.#sendStdin(offset, copy);
    }
  }

  endStdin(): void {
    this.#stdin.end();
    if (this.#live) this.#sendStdin(this.#stdin.endOffset, new Uint8Array(0));
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    if (this.#live) this.#send({ case: 'resize', value: this.#size });
  }

  kill(signal: number): void {
    if (this.#live) this.#send({ case: 'signal', value: signal });
    else if (this.#earlySignals.length < maxEarlySignals) this.#earlySignals.push(signal);
  }

  close(): void {
    this.#end(new OperationError('CANCELED', 'The command is no longer followed.'));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ExecEvent> {
    let hasReportedStart = false;
    try {
      for (;;) {
        const event = fromBinary(ExecEventSchema, await this.#nextMessage());
        if (event.event.case === 'started') {
          this.#onStarted(Number(event.event.value.stdinOffset));
          if (hasReportedStart) continue;
          hasReportedStart = true;
        }
        if (event.event.case === 'stdinAccepted') {
          this.#stdin.accept(Number(event.event.value));
          continue;
        }
        if (this.#admit(event)) yield event;
        this.#acknowledge();
        if (event.event.case === 'exited') return;
      }
    } finally {
      this.close();
    }
  }

  #end(why: OperationError): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(why);
    this.#untie?.();
    this.#live = false;
    this.#stdin.close();
    this.#connection?.queue.fail(why);
    this.#connection?.socket.close();
  }

  #connect(): Connection {
    this.#live = false;
    const queue = new MessageQueue();
    const opened = Promise.withResolvers<boolean>();
    let wasOpen = false;
    const socket = this.#transport.open(`${vmUrl(this.#vm)}/exec`, {
      opened: () => {
        wasOpen = true;
        opened.resolve(true);
        this.#sendFirst(socket, queue);
      },
      bytes: (data) => queue.push(data),
      text: (text) => this.#onControl(text, queue),
      closed: (code, error) => {
        opened.resolve(false);
        if (code === messageTooBig) queue.fail(tooLong());
        else if (wasOpen || !isLoss(error)) queue.fail(error ?? brokenConnection());
        else void this.#askWhy(error).then((why) => queue.fail(why));
      },
    });
    this.#connection = { queue, socket, opened: opened.promise };
    return this.#connection;
  }

  /** Finds out why a connection was refused, if the platform does not say. */
  async #askWhy(error: unknown): Promise<unknown> {
    const { askWhy } = this.#transport;
    if (askWhy === undefined) return error;
    try {
      await askWhy(this.#vm);
    } catch (why) {
      return why;
    }
    return new OperationError('PRIVILEGE_MISSING', 'The daemon refused to open the connection.', { cause: error });
  }

  async #nextMessage(): Promise<Uint8Array> {
    for (;;) {
      try {
        this.#ending.signal.throwIfAborted();
        if (this.#connection === undefined) throw new OperationError('CANCELED', 'The command is no longer followed.');
        return await this.#connection.queue.next();
      } catch (error) {
        if (!isLoss(error) || this.#ending.signal.aborted) throw error;
        await this.#reconnect(error);
      }
    }
  }

  /** Reconnects to a daemon that may be restarting. A command that has not started is not waited for. */
  async #reconnect(cause: unknown): Promise<void> {
    if (!this.#started) throw cause;
    this.#live = false;
    this.#options.onInterruption?.('daemon lost');
    do await this.#resume.pause(cause, this.#ending.signal);
    while (!(await this.#connect().opened));
    this.#resume.back();
    this.#options.onInterruption?.('daemon back');
  }

  #sendFirst(socket: StreamSocket, queue: MessageQueue): void {
    const { start, detach = false } = this.#options;
    const unfollowed = { neverWaitForReader: detach, hangupAfterMs: detach ? 0 : hangupAfterMs };
    const input: Input =
      start !== undefined && !this.#started
        ? { case: 'start', value: { ...unfollowed, ...start, id: this.id } }
        : { case: 'attach', value: { id: this.id, fromOffset: this.#nextOffset } };
    const bytes = bytesOf(input);
    if (bytes.length > maxRequestBytes) {
      const sizes = `${bytes.length} bytes; the maximum is ${maxRequestBytes}.`;
      queue.fail(new OperationError('INVALID_ARGUMENT', `The command with its arguments and environment has ${sizes}`));
    } else socket.send(bytes);
  }

  #onStarted(stdinOffset: number): void {
    this.#started = true;
    this.#live = true;
    this.#stdin.accept(stdinOffset);
    for (const { offset, data } of this.#stdin.unconfirmed()) this.#sendStdin(offset, data);
    if (this.#size !== undefined) this.#send({ case: 'resize', value: this.#size });
    for (const signal of this.#earlySignals.splice(0)) this.#send({ case: 'signal', value: signal });
  }

  /** Whether an event is new; trims output that was partly received before. */
  #admit({ event }: ExecEvent): boolean {
    if (event.case === 'gap') this.#nextOffset = event.value.offset + event.value.bytes;
    if (event.case !== 'output') return true;
    if (!cutOverlap(event.value, this.#nextOffset)) return false;
    this.#nextOffset = event.value.offset + BigInt(event.value.data.length);
    return true;
  }

  #acknowledge(): void {
    if (this.#nextOffset - this.#acknowledged < ackStepBytes) return;
    this.#acknowledged = this.#nextOffset;
    this.#connection?.socket.send(JSON.stringify({ type: 'ack', offset: `${this.#nextOffset}` }));
  }

  #onControl(text: string, queue: MessageQueue): void {
    const message = parseControl(text);
    if (message?.type === 'agent')
      this.#options.onInterruption?.(message.state === 'lost' ? 'agent lost' : 'agent back');
    else if (message === undefined || message.type === 'error') queue.fail(fromErrorBody(text, 'The command failed.'));
  }

  #sendStdin(offset: number, data: Uint8Array): void {
    const end = this.#stdin.ended && offset + data.length === this.#stdin.endOffset;
    this.#send({ case: 'stdin', value: { offset: BigInt(offset), data, end } });
  }

  #send(input: Input): void {
    this.#connection?.socket.send(bytesOf(input));
  }
}

function brokenConnection(): OperationError {
  return new OperationError('DAEMON_UNREACHABLE', 'The daemon closed the connection.');
}

function tooLong(): OperationError {
  return new OperationError(
    'INVALID_ARGUMENT',
    'The command with its arguments and environment is larger than this daemon accepts.',
  );
}

function bytesOf(input: Input): Uint8Array {
  return toBinary(ExecRequestSchema, create(ExecRequestSchema, { input }));
}

/** Returns undefined for anything but a JSON object. Unknown message types are ignored by the caller. */
function parseControl(text: string): { readonly type?: unknown; readonly state?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not JSON: the connection is broken, and the caller fails it.
    return undefined;
  }
}
