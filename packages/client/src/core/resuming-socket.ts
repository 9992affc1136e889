import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { Resume } from './resume.ts';
import type { OpenSocket, StreamSocket } from './stream-socket.ts';
import { timers } from './time-and-chance.ts';

export type SocketState = 'connecting' | 'open' | 'lost' | 'closed';

export interface ResumingSocketOptions {
  readonly open: OpenSocket;
  /** Called for each connection. */
  readonly path: () => string;
  /** `error` is set with "closed", unless the server ended the stream or `close` was called. */
  readonly onState: (state: SocketState, error: unknown) => void;
  readonly onText: (text: string) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /**
   * How long to retry a lost connection. "minute" (default): 60 s, and a first connection that fails is not retried.
   */
  readonly persistence?: 'minute' | 'forever' | undefined;
  /** Whether the server's close code ends the stream for good. Default: only 1000 does. */
  readonly isEnd?: ((code: number) => boolean) | undefined;
}

/**
 * A WebSocket that reconnects automatically. It stays closed after `close()`, after the server closed it with 1000,
 * when it is refused, and when reconnecting takes too long. Messages sent while it is not open are dropped.
 */
export class ResumingSocket {
  readonly #options: ResumingSocketOptions;
  readonly #retriesForever: boolean;
  readonly #resume: Resume;
  #socket: StreamSocket | undefined;
  #cancelRetry: (() => void) | undefined;
  #state: SocketState = 'connecting';
  #wasOpen = false;

  constructor(options: ResumingSocketOptions) {
    this.#options = options;
    this.#retriesForever = options.persistence === 'forever';
    this.#resume = new Resume(this.#retriesForever ? { withinMs: Number.POSITIVE_INFINITY } : {});
    this.#connect();
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Returns whether the message was sent. */
  send(message: string | Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    this.#socket?.send(message);
    return true;
  }

  /** Stops reading while the consumer is slow, where the platform can. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Reconnects without waiting, for example when the network is back or the page is visible again. */
  retryNow(): void {
    if (this.#cancelRetry === undefined) return;
    this.#resume.retrySoon();
    this.#connect();
  }

  close(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#change('closed', undefined);
  }

  #connect(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { open, path, onText, onBytes } = this.#options;
    let socket: StreamSocket | undefined;
    // Events of an abandoned connection are ignored.
    const ifCurrent =
      <Rest extends readonly unknown[]>(act: (...rest: Rest) => void) =>
      (...rest: Rest): void => {
        if (socket !== undefined && socket === this.#socket) act(...rest);
      };
    socket = open(path(), {
      opened: ifCurrent(() => {
        this.#wasOpen = true;
        this.#resume.back();
        this.#change('open', undefined);
      }),
      text: ifCurrent(onText),
      bytes: ifCurrent(onBytes),
      closed: ifCurrent((code: number, error?: unknown) => this.#onClosed(code, error)),
    });
    this.#socket = socket;
  }

  #onClosed(code: number, error: unknown): void {
    this.#socket = undefined;
    const { isEnd = (each) => each === 1000 } = this.#options;
    if (isEnd(code)) {
      this.#change('closed', undefined);
      return;
    }
    // A daemon that was never reachable, or that refuses the connection, is not retried.
    const isRefused = isOperationError(error) && error.reason !== 'DAEMON_UNREACHABLE';
    const isHopeless = !this.#retriesForever && (isRefused || !this.#wasOpen);
    const waitMs = isHopeless ? undefined : this.#resume.lost();
    if (waitMs === undefined) {
      const lost = new OperationError('DAEMON_UNREACHABLE', 'The connection to the daemon was lost.');
      this.#change('closed', error ?? lost);
      return;
    }
    this.#cancelRetry = timers.setTimer(waitMs, () => this.#connect());
    this.#change('lost', undefined);
  }

  #change(state: SocketState, error: unknown): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}
