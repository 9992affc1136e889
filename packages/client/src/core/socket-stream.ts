import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { Notifier, onAbort } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { ResumingSocket, type SocketState } from './resuming-socket.ts';
import type { OpenSocket } from './stream-socket.ts';

/** Buffered bytes from which the socket is paused. Where it cannot be paused, the stream fails at `maxBytes`. */
const pauseBytes = 256 * 1024;
const maxBytes = 16 * 1024 * 1024;
const maxEarlyBytes = 1024 * 1024;
/** Maximum bytes in one message: a daemon closes a socket on which a message is too long. */
const maxPieceBytes = 64 * 1024;

/** The connection was lost, or is back. */
export type ConnectionEvent = { readonly type: 'connection'; readonly state: 'lost' | 'back' };

export interface SocketStreamOptions<Event> {
  readonly open: OpenSocket;
  /** Called for each connection. */
  readonly path: () => string;
  /** Messages sent first on each connection. */
  readonly greeting?: () => readonly (string | Uint8Array)[];
  readonly onBytes: (data: Uint8Array) => Event | undefined;
  /** May throw, which ends the stream. "end": ends the stream without an error. */
  readonly onText: (message: Readonly<Record<string, unknown>>) => Event | 'end' | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting<Event> {
  readonly event: Event;
  readonly bytes: number;
}

/**
 * Events of a WebSocket, in order. Reconnects for up to 60 s after a connection loss. The iteration rejects with
 * OperationError: the error the daemon reported, DAEMON_UNREACHABLE, SLOW_READER, or CANCELED after `close` or an
 * abort.
 */
export class SocketStream<Event> {
  readonly #options: SocketStreamOptions<Event>;
  readonly #events: Waiting<Event | ConnectionEvent>[] = [];
  readonly #arrived = new Notifier();
  readonly #socket: ResumingSocket;
  readonly #untie: () => void;
  #waitingBytes = 0;
  #wasOpen = false;
  #early: (string | Uint8Array)[] = [];
  #earlyBytes = 0;
  #end: { readonly error: unknown } | undefined;

  constructor(options: SocketStreamOptions<Event>) {
    const { open, path, signal } = options;
    this.#options = options;
    this.#socket = new ResumingSocket({
      open,
      path,
      onState: (state, error) => this.#onState(state, error),
      onBytes: (data) => this.#take(() => options.onBytes(data), data.length),
      onText: (text) => this.#take(() => options.onText(JSON.parse(text)), text.length),
    });
    this.#untie = onAbort(signal, () => {
      if (signal !== undefined) this.#finish(abortError(signal));
    });
  }

  /**
   * Sends a message; bytes are a stream and may be sent in several messages. Up to 1 MiB is buffered until the first
   * connection; messages are dropped during a reconnect.
   */
  send(message: string | Uint8Array): void {
    if (typeof message !== 'string' && message.length > maxPieceBytes) {
      for (let at = 0; at < message.length; at += maxPieceBytes) this.send(message.subarray(at, at + maxPieceBytes));
      return;
    }
    if (this.#socket.send(message)) return;
    if (!this.#wasOpen && this.#earlyBytes < maxEarlyBytes) {
      this.#early.push(typeof message === 'string' ? message : new Uint8Array(message));
      this.#earlyBytes += message.length;
    }
  }

  close(): void {
    this.#finish(new OperationError('CANCELED', 'The stream was closed.'));
  }

  /** `onTaken` is called with each event when the next one is requested, and with whether the buffer is empty. */
  async *events(
    onTaken: (event: Event | ConnectionEvent, isLast: boolean) => void,
  ): AsyncGenerator<Event | ConnectionEvent> {
    try {
      for (;;) {
        const next = this.#events.shift();
        if (next === undefined) {
          if (this.#end !== undefined) {
            if (this.#end.error !== undefined) throw this.#end.error;
            return;
          }
          await this.#arrived.changed();
          continue;
        }
        yield next.event;
        this.#waitingBytes -= next.bytes;
        if (this.#waitingBytes <= pauseBytes) this.#socket.resume();
        onTaken(next.event, this.#events.length === 0);
      }
    } finally {
      this.close();
    }
  }

  #onState(state: SocketState, error: unknown): void {
    if (this.#end !== undefined) return;
    if (state === 'closed') this.#finish(error);
    if (state === 'lost') this.#push({ type: 'connection', state: 'lost' }, 0);
    if (state !== 'open') return;
    for (const message of this.#options.greeting?.() ?? []) this.#socket.send(message);
    for (const message of this.#early.splice(0)) this.#socket.send(message);
    if (this.#wasOpen) this.#push({ type: 'connection', state: 'back' }, 0);
    this.#wasOpen = true;
  }

  #take(read: () => Event | 'end' | undefined, bytes: number): void {
    if (this.#end !== undefined) return;
    try {
      const event = read();
      if (event === 'end') this.#finish(undefined);
      else if (event !== undefined) this.#push(event, bytes);
    } catch (error) {
      const known = isOperationError(error) ? error : undefined;
      this.#finish(known ?? new OperationError('INTERNAL', 'The daemon sent a malformed message.', { cause: error }));
    }
  }

  #push(event: Event | ConnectionEvent, bytes: number): void {
    this.#events.push({ event, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > maxBytes)
      this.#finish(
        new OperationError('SLOW_READER', `The reader is too slow: ${maxBytes / 1024 / 1024} MiB are waiting.`),
      );
    else if (this.#waitingBytes > pauseBytes) this.#socket.pause();
    this.#arrived.notify();
  }

  #finish(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#untie?.();
    this.#socket.close();
    this.#arrived.notify();
  }
}
