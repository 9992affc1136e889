import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type ExecEvent, ExecEventSchema, ExecRequestSchema, type ProcessSpecSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { WebSocket } from 'ws';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';
import { MessageQueue } from './message-queue.ts';

/** Milliseconds that a command's follower waits for its daemon to come back. */
const returnWithinMs = 60_000;
/** Consumed output is acknowledged in steps of this size. */
const ackStepBytes = 32 * 1024;
const maxUnacceptedStdinBytes = 256 * 1024;

export interface ExecOptions {
  /** What to start; or `attach` to one that runs. */
  readonly start?: MessageInitShape<typeof ProcessSpecSchema> | undefined;
  readonly attach?: { readonly id: string; readonly fromOffset?: bigint | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when the agent, or the daemon, is lost and found again meanwhile. */
  readonly onInterruption?: ((what: 'agent lost' | 'agent back' | 'daemon lost' | 'daemon back') => void) | undefined;
}

/** A command that is followed. Reading the events is what lets it go on writing. */
export interface ExecStream extends AsyncIterable<ExecEvent> {
  readonly id: string;
  writeStdin(data: Uint8Array): Promise<void>;
  endStdin(): void;
  resize(columns: number, rows: number): void;
  kill(signal: number): void;
  /** Stops following; the command runs on. */
  close(): void;
}

/** Opens the stream. Its events come once each and in order, over restarts of the daemon too. */
export function openExec(socketPath: string, vm: string, options: ExecOptions): ExecStream {
  return new Exec(socketPath, vm, options);
}

class Exec implements ExecStream {
  readonly id: string;
  readonly #socketPath: string;
  readonly #vm: string;
  readonly #options: ExecOptions;
  #socket: WebSocket | undefined;
  #queue = new MessageQueue();
  #started = false;
  #nextOffset = 0n;
  #acknowledged = 0n;
  #closed = false;
  /** Input from `#stdinBase` on, kept until the process has it. */
  #stdin: Uint8Array[] = [];
  #stdinBase = 0;
  #stdinEnd = 0;
  #stdinEnded = false;
  #room: (() => void)[] = [];

  constructor(socketPath: string, vm: string, options: ExecOptions) {
    this.#socketPath = socketPath;
    this.#vm = vm;
    this.#options = options;
    this.id = options.attach?.id ?? options.start?.id ?? randomUUID().replaceAll('-', '');
    this.#nextOffset = options.attach?.fromOffset ?? 0n;
    options.signal?.addEventListener('abort', () => this.close());
    this.#connect();
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    while (this.#stdinEnd - this.#stdinBase > maxUnacceptedStdinBytes && !this.#closed)
      await new Promise<void>((resolve) => this.#room.push(resolve));
    const copy = new Uint8Array(data);
    this.#stdin.push(copy);
    const offset = this.#stdinEnd;
    this.#stdinEnd += copy.length;
    if (this.#started) this.#sendStdin(offset, copy);
  }

  endStdin(): void {
    this.#stdinEnded = true;
    if (this.#started) this.#sendStdin(this.#stdinEnd, new Uint8Array(0));
  }

  resize(columns: number, rows: number): void {
    this.#send({ input: { case: 'resize', value: { columns, rows } } });
  }

  kill(signal: number): void {
    this.#send({ input: { case: 'signal', value: signal } });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#queue.fail(
      this.#options.signal?.reason ?? new OperationError('CANCELED', 'The command is not followed any more.'),
    );
    for (const wake of this.#room.splice(0)) wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ExecEvent> {
    let told = false;
    try {
      for (;;) {
        let message: Uint8Array | undefined;
        try {
          message = await this.#queue.next();
        } catch (error) {
          if (!isUnreachable(error) || this.#closed) throw error;
          await this.#reconnect(error);
          continue;
        }
        const event = fromBinary(ExecEventSchema, message);
        if (event.event.case === 'started') {
          this.#onStarted(Number(event.event.value.stdinOffset));
          if (told) continue;
          told = true;
        }
        if (event.event.case === 'stdinAccepted') {
          this.#onAccepted(Number(event.event.value));
          continue;
        }
        const fresh = this.#admit(event);
        if (fresh !== undefined) yield fresh;
        this.#acknowledge(false);
        if (event.event.case === 'exited') return;
      }
    } finally {
      this.#closed = true;
      this.#socket?.close();
      for (const wake of this.#room.splice(0)) wake();
    }
  }

  #connect(): void {
    const socket = new WebSocket(`ws+unix:${this.#socketPath}:/v1/vms/${encodeURIComponent(this.#vm)}/exec`, {
      perMessageDeflate: false,
    });
    const queue = new MessageQueue();
    this.#socket = socket;
    this.#queue = queue;
    socket.on('open', () => this.#sendFirst());
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) queue.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      else this.#onControl(data.toString(), queue);
    });
    socket.on('unexpected-response', (_, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        queue.fail(fromErrorBody(Buffer.concat(chunks).toString(), `The daemon answered ${response.statusCode}.`)),
      );
    });
    socket.on('error', (error) => queue.fail(error));
    socket.on('close', () =>
      queue.fail(Object.assign(new Error('The daemon closed the connection.'), { code: 'ECONNRESET' })),
    );
  }

  /** The daemon is gone. It may be starting again; before anything began there is nothing to wait for. */
  async #reconnect(cause: unknown): Promise<void> {
    if (!this.#started) throw unreachableError(this.#socketPath, cause);
    this.#options.onInterruption?.('daemon lost');
    const deadline = performance.now() + returnWithinMs;
    while (!this.#closed && performance.now() < deadline) {
      await delay(200);
      this.#connect();
      if (await this.#queue.opened(this.#socket)) {
        this.#options.onInterruption?.('daemon back');
        return;
      }
    }
    throw unreachableError(this.#socketPath, cause);
  }

  #sendFirst(): void {
    const { start } = this.#options;
    if (start !== undefined && !this.#started)
      this.#send({ input: { case: 'start', value: { ...start, id: this.id } } });
    else this.#send({ input: { case: 'attach', value: { id: this.id, fromOffset: this.#nextOffset } } });
  }

  #onStarted(stdinOffset: number): void {
    this.#started = true;
    this.#onAccepted(stdinOffset);
    let offset = this.#stdinBase;
    for (const piece of this.#stdin) {
      this.#sendStdin(offset, piece);
      offset += piece.length;
    }
    if (this.#stdinEnded && this.#stdin.length === 0) this.#sendStdin(this.#stdinEnd, new Uint8Array(0));
  }

  #onAccepted(offset: number): void {
    for (
      let [first] = this.#stdin;
      first !== undefined && this.#stdinBase + first.length <= offset;
      [first] = this.#stdin
    ) {
      this.#stdinBase += first.length;
      this.#stdin.shift();
    }
    for (const wake of this.#room.splice(0)) wake();
  }

  #admit(event: ExecEvent): ExecEvent | undefined {
    if (event.event.case === 'gap') this.#nextOffset = event.event.value.offset + event.event.value.bytes;
    if (event.event.case !== 'output') return event;
    const { offset, data } = event.event.value;
    if (offset + BigInt(data.length) <= this.#nextOffset && data.length > 0) return undefined;
    this.#nextOffset = offset + BigInt(data.length);
    return event;
  }

  #acknowledge(force: boolean): void {
    if (!force && this.#nextOffset - this.#acknowledged < ackStepBytes) return;
    this.#acknowledged = this.#nextOffset;
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ type: 'ack', offset: `${this.#nextOffset}` }));
  }

  #onControl(text: string, queue: MessageQueue): void {
    const message = JSON.parse(text) as { type: string; state?: string };
    if (message.type === 'error') queue.fail(fromErrorBody(text, 'The command failed.'));
    else if (message.type === 'agent')
      this.#options.onInterruption?.(message.state === 'lost' ? 'agent lost' : 'agent back');
  }

  #sendStdin(offset: number, data: Uint8Array): void {
    const end = this.#stdinEnded && offset + data.length === this.#stdinEnd;
    this.#send({ input: { case: 'stdin', value: { offset: BigInt(offset), data, end } } });
  }

  #send(message: MessageInitShape<typeof ExecRequestSchema>): void {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(toBinary(ExecRequestSchema, create(ExecRequestSchema, message)));
  }
}
