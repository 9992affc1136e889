import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { Resume } from './resume.ts';
import type { OpenSocket, StreamSocket } from './stream-socket.ts';
import { timers } from './time-and-chance.ts';

export type SocketState = 'connecting' | 'open' | 'lost' | 'closed';

export interface ResumingSocketOptions {
  readonly open: OpenSocket;
  /** Asked at each connection. */
  readonly path: () => string;
  /** `error` comes with "closed": why, unless the server had nothing more to say or we closed it. */
  readonly onState: (state: SocketState, error: unknown) => void;
  readonly onText: (text: string) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** For how long a lost connection is tried again. Default: 60 s, and a first connection that fails is not. */
  readonly persistence?: 'minute' | 'forever' | undefined;
  /** Whether a code that the server closed with says that nothing follows. Default: 1000 does. */
  readonly isEnd?: ((code: number) => boolean) | undefined;
}

/**
 * A WebSocket that comes back by itself. It rests after `close()`, after the server has closed it with 1000, when it is
 * refused, and when it has been away for too long. What is sent while it is away is dropped, as the state says.
 */
export class ResumingSocket {
  readonly #options: ResumingSocketOptions;
  readonly #isPatient: boolean;
  readonly #resume: Resume;
  #socket: StreamSocket | undefined;
  #cancelRetry: (() => void) | undefined;
  #state: SocketState = 'connecting';
  #wasOpen = false;

  constructor(options: ResumingSocketOptions) {
    this.#options = options;
    this.#isPatient = options.persistence === 'forever';
    this.#resume = new Resume(this.#isPatient ? { withinMs: Number.POSITIVE_INFINITY } : {});
    this.#connect();
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Whether it was sent. */
  send(message: string | Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    this.#socket?.send(message);
    return true;
  }

  /** Stops reading while whoever consumes is slow, where the platform can. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Does not wait for the next attempt: the network is back, or somebody looks again. */
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
    // What belongs to a connection that was given up is nobody's any more.
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
    // What never was there is not waited for; nor is what refuses us.
    const isRefused = isOperationError(error) && error.reason !== 'DAEMON_UNREACHABLE';
    const isHopeless = !this.#isPatient && (isRefused || !this.#wasOpen);
    const waitMs = isHopeless ? undefined : this.#resume.lost();
    if (waitMs === undefined) {
      const lost = new OperationError('DAEMON_UNREACHABLE', 'The connection to the daemon broke.');
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
