import {
  type OpenSocket,
  ResumingSocket,
  type SocketState,
  type TerminalEvent,
  TerminalReader,
} from '@innkeeper/client/browser';
import { OperationError } from '@innkeeper/contract';

/** Output is acknowledged in steps of this size, and whenever all of it is drawn. */
const ackBytes = 32 * 1024;

/** Input typed before the first connection is kept up to this size. */
const maxEarlyBytes = 64 * 1024;

/** How a terminal ended: its exit code or signal, or why it cannot be shown. */
export type TerminalEnding =
  | { readonly type: 'code'; readonly code: number }
  | { readonly type: 'signal'; readonly signal: number }
  | { readonly type: 'error'; readonly error: OperationError };

export interface TerminalLinkState {
  readonly socket: SocketState;
  /** Whether the control plane reaches the guest. */
  readonly agent: 'connected' | 'lost';
  readonly ending: TerminalEnding | undefined;
}

/** The display of a terminal. */
export interface TerminalDisplay {
  /** Clears the screen and sets its size. */
  clear(size: { readonly columns: number; readonly rows: number }): void;
  write(bytes: Uint8Array, onDrawn?: () => void): void;
  /** Another viewer resized the terminal. */
  resized(size: { readonly columns: number; readonly rows: number }): void;
}

export interface TerminalLinkOptions {
  readonly open: OpenSocket;
  readonly path: () => string;
  readonly display: TerminalDisplay;
  readonly onState: (state: TerminalLinkState) => void;
}

/**
 * One viewer's connection to a terminal; docs/protocol/http.md describes the messages. It reconnects automatically, and
 * the control plane then sends the screen again. Ends when the terminal has ended or access is denied.
 */
export class TerminalLink {
  readonly #display: TerminalDisplay;
  readonly #onState: TerminalLinkOptions['onState'];
  readonly #socket: ResumingSocket;
  #state: TerminalLinkState = { socket: 'connecting', agent: 'connected', ending: undefined };
  /** Input from before the first connection; undefined after it. Later input is dropped while there is none. */
  #early: Uint8Array<ArrayBuffer>[] | undefined = [];
  /** Bytes drawn but not acknowledged; `#waiting`: bytes not drawn yet. */
  #drawn = 0;
  #waiting = 0;
  readonly #reader = new TerminalReader();
  /** Number of the connection: acknowledgements belong to the connection that delivered the bytes. */
  #connection = 0;
  /** The last error from the control plane. */
  #lastError: OperationError | undefined;

  constructor({ open, path, display, onState }: TerminalLinkOptions) {
    this.#display = display;
    this.#onState = onState;
    this.#socket = new ResumingSocket({
      open,
      persistence: 'forever',
      path: () => {
        this.#reader.begin();
        return path();
      },
      onState: (socket) => this.#onSocket(socket),
      onText: (text) => this.#onText(JSON.parse(text) as Record<string, unknown>),
      onBytes: (bytes) => this.#onEvent(this.#reader.bytes(bytes)),
    });
  }

  type(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#early === undefined) this.#socket.send(bytes);
    else if (this.#early.reduce((sum, each) => sum + each.length, bytes.length) <= maxEarlyBytes)
      this.#early.push(bytes);
  }

  resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.#socket.send(JSON.stringify({ type: 'resize', columns, rows }));
  }

  retryNow(): void {
    this.#socket.retryNow();
  }

  close(): void {
    this.#socket.close();
  }

  #onSocket(socket: SocketState): void {
    if (socket === 'lost') this.#connection += 1;
    this.#drawn = 0;
    this.#waiting = 0;
    this.#change({ socket, ...(socket === 'open' ? { agent: 'connected' } : {}) });
    if (socket === 'open') {
      for (const bytes of this.#early ?? []) this.#socket.send(bytes);
      this.#early = undefined;
    }
    // Closed by the control plane for good: the last error is the reason.
    if (socket === 'closed' && this.#lastError !== undefined && this.#state.ending === undefined)
      this.#change({ ending: { type: 'error', error: this.#lastError } });
  }

  #onText(message: Readonly<Record<string, unknown>>): void {
    try {
      const event = this.#reader.text(message);
      if (event !== undefined) this.#onEvent(event);
    } catch (error) {
      this.#lastError = OperationError.from(error);
      const { code, reason } = this.#lastError;
      // A daemon that is stopping or not ready will be back; for any other error, a retry would fail again.
      if (code !== 'unavailable' && reason !== 'CANCELED') this.#end({ type: 'error', error: this.#lastError });
    }
  }

  #onEvent(event: TerminalEvent): void {
    switch (event.type) {
      case 'screen':
        this.#display.clear({ columns: event.columns, rows: event.rows });
        // The screen is not acknowledged.
        this.#display.write(event.data);
        return;
      case 'output':
        this.#draw(event.data);
        return;
      case 'size':
        this.#display.resized({ columns: event.columns, rows: event.rows });
        return;
      case 'agent':
        this.#change({ agent: event.state });
        return;
      case 'exited':
        this.#end(
          event.signal === undefined
            ? { type: 'code', code: event.code ?? 0 }
            : { type: 'signal', signal: event.signal },
        );
    }
  }

  /** Draws output, and acknowledges it when it is on the screen. */
  #draw(bytes: Uint8Array): void {
    const connection = this.#connection;
    this.#waiting += bytes.length;
    this.#display.write(bytes, () => {
      if (connection !== this.#connection) return;
      this.#waiting -= bytes.length;
      this.#drawn += bytes.length;
      if (this.#drawn < ackBytes && this.#waiting > 0) return;
      this.#socket.send(JSON.stringify({ type: 'ack', bytes: this.#drawn }));
      this.#drawn = 0;
    });
  }

  #end(ending: TerminalEnding): void {
    this.#change({ ending });
    this.#socket.close();
  }

  #change(change: Partial<TerminalLinkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onState(this.#state);
  }
}
