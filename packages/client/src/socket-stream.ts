import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import type { OpenSocket, StreamSocket } from './stream-socket.ts';

/** Milliseconds that a connection that broke is tried anew. */
const returnWithinMs = 60_000;
const retryAfterMs = 500;
/** Of what waits to be read: from here on the socket is not read, and where that cannot be, it ends. */
const pauseBytes = 256 * 1024;
const maxBytes = 16 * 1024 * 1024;
const maxEarlyBytes = 1024 * 1024;
const goodEnd = 1000;

/** The connection broke, and came back. */
export type ConnectionEvent = { readonly type: 'connection'; readonly state: 'lost' | 'back' };

export interface SocketStreamOptions<Event> {
  readonly open: OpenSocket;
  /** Asked at each connection. */
  readonly path: () => string;
  /** Sent at each connection, before anything else. */
  readonly greeting?: () => readonly (string | Uint8Array)[];
  readonly onBytes: (data: Uint8Array) => Event | undefined;
  /** May throw what ends the stream. "end": nothing follows. */
  readonly onText: (message: Readonly<Record<string, unknown>>) => Event | 'end' | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting<Event> {
  readonly event: Event;
  readonly bytes: number;
}

/**
 * Events of a WebSocket, in order. A connection that breaks is made anew for 60 s. The iteration rejects with
 * OperationError: what the daemon told, DAEMON_UNREACHABLE, SLOW_READER, or CANCELED after `close` or an abort.
 */
export class SocketStream<Event> {
  readonly #options: SocketStreamOptions<Event>;
  readonly #events: Waiting<Event | ConnectionEvent>[] = [];
  #waitingBytes = 0;
  #socket: StreamSocket;
  #isOpen = false;
  #lostSinceMs: number | undefined;
  #wasOpen = false;
  #early: (string | Uint8Array)[] = [];
  #earlyBytes = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #end: { readonly error: unknown } | undefined;
  #wake: Deferred<void> | undefined;

  constructor(options: SocketStreamOptions<Event>) {
    this.#options = options;
    this.#socket = this.#connect();
    const { signal } = options;
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
  }

  /** Waits for the first connection, up to 1 MiB; dropped while a connection that was lost is not back. */
  send(message: string | Uint8Array): void {
    if (this.#isOpen) this.#socket.send(message);
    else if (!this.#wasOpen && this.#earlyBytes < maxEarlyBytes) {
      this.#early.push(typeof message === 'string' ? message : new Uint8Array(message));
      this.#earlyBytes += message.length;
    }
  }

  close(): void {
    this.#finish(new OperationError('CANCELED', 'The stream was closed.'));
  }

  /** `onTaken` is told each event when the next one is asked for, and whether none waits. */
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
          this.#wake ??= createDeferred();
          await this.#wake.promise;
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

  readonly #onAbort = (): void => {
    if (this.#options.signal !== undefined) this.#finish(abortError(this.#options.signal));
  };

  #connect(): StreamSocket {
    const { open, path } = this.#options;
    const socket = open(path(), {
      opened: () => {
        this.#isOpen = true;
        this.#wasOpen = true;
        for (const message of this.#options.greeting?.() ?? []) socket.send(message);
        for (const message of this.#early.splice(0)) socket.send(message);
        if (this.#lostSinceMs !== undefined) this.#push({ type: 'connection', state: 'back' }, 0);
        this.#lostSinceMs = undefined;
      },
      bytes: (data) => this.#take(() => this.#options.onBytes(data), data.length),
      text: (text) => this.#take(() => this.#options.onText(JSON.parse(text)), text.length),
      closed: (code, error) => this.#onClosed(code, error),
    });
    return socket;
  }

  #take(read: () => Event | 'end' | undefined, bytes: number): void {
    if (this.#end !== undefined) return;
    try {
      const event = read();
      if (event === 'end') this.#finish(undefined);
      else if (event !== undefined) this.#push(event, bytes);
    } catch (error) {
      const known = isOperationError(error) ? error : undefined;
      this.#finish(known ?? new OperationError('INTERNAL', 'The daemon sent what it should not.', { cause: error }));
    }
  }

  #push(event: Event | ConnectionEvent, bytes: number): void {
    this.#events.push({ event, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > maxBytes) this.#finish(new OperationError('SLOW_READER', 'More came than was read.'));
    else if (this.#waitingBytes > pauseBytes) this.#socket.pause();
    this.#wake?.resolve();
    this.#wake = undefined;
  }

  #onClosed(code: number, error: unknown): void {
    this.#isOpen = false;
    if (this.#end !== undefined) return;
    // What never was there is not waited for; nor is what refuses us.
    const isRefused = isOperationError(error) && error.reason !== 'DAEMON_UNREACHABLE';
    const lost = error ?? new OperationError('DAEMON_UNREACHABLE', 'The connection to the daemon broke.');
    if (code === goodEnd) this.#finish(undefined);
    else if (isRefused || !this.#wasOpen) this.#finish(lost);
    else this.#connectAgain(lost);
  }

  #connectAgain(lost: unknown): void {
    if (this.#lostSinceMs === undefined) {
      this.#lostSinceMs = performance.now();
      this.#push({ type: 'connection', state: 'lost' }, 0);
    }
    if (performance.now() - this.#lostSinceMs > returnWithinMs) {
      this.#finish(lost);
      return;
    }
    this.#retry = setTimeout(() => {
      this.#socket = this.#connect();
    }, retryAfterMs);
  }

  #finish(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#isOpen = false;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#retry);
    this.#socket.close();
    this.#wake?.resolve();
    this.#wake = undefined;
  }
}
