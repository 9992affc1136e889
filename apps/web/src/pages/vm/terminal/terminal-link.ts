import { OperationError } from '@innkeeper/contract';
import { ReconnectingSocket, type SocketState } from '../../../components/emulator/reconnecting-socket.ts';

/** Output is acknowledged in pieces of this size, and whenever all of it is drawn. */
const ackBytes = 32 * 1024;

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

/** What draws. */
export interface TerminalDisplay {
  /** Begins anew at this size. */
  clear(size: { readonly columns: number; readonly rows: number }): void;
  write(bytes: Uint8Array, onDrawn?: () => void): void;
  /** Another viewer gave the terminal this size. */
  resized(size: { readonly columns: number; readonly rows: number }): void;
}

export interface TerminalLinkOptions {
  readonly url: () => string;
  readonly display: TerminalDisplay;
  readonly onState: (state: TerminalLinkState) => void;
  readonly open?: (url: string) => WebSocket;
}

interface Message {
  readonly type: string;
  readonly columns?: number;
  readonly rows?: number;
  readonly state?: string;
  readonly code?: number | string;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly nextStep?: string;
}

/**
 * One viewer's connection to a terminal; docs/protocol/http.md has the messages. It comes back by itself, and the control
 * plane draws the screen anew then. Ends when the terminal has ended or may not be seen.
 */
export class TerminalLink {
  readonly #display: TerminalDisplay;
  readonly #onState: TerminalLinkOptions['onState'];
  readonly #socket: ReconnectingSocket;
  #state: TerminalLinkState = { socket: 'connecting', agent: 'connected', ending: undefined };
  /** Bytes that were drawn and not acknowledged, and that wait to be drawn. */
  #drawn = 0;
  #waiting = 0;
  /** The next bytes are a drawing of the screen, which is not acknowledged. */
  #expectsScreen = false;
  /** Acknowledgements belong to the connection that brought the bytes. */
  #connection = 0;
  /** What the control plane complained of last. */
  #complaint: OperationError | undefined;

  constructor({ url, display, onState, open }: TerminalLinkOptions) {
    this.#display = display;
    this.#onState = onState;
    this.#socket = new ReconnectingSocket({
      url,
      ...(open === undefined ? {} : { open }),
      onState: (socket) => this.#onSocket(socket),
      onText: (text) => this.#onMessage(JSON.parse(text) as Message),
      onBytes: (bytes) => this.#onBytes(bytes),
    });
  }

  type(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
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
    // Closed by the other side, which has no more to say of this terminal.
    if (socket === 'closed' && this.#complaint !== undefined && this.#state.ending === undefined)
      this.#change({ ending: { type: 'error', error: this.#complaint } });
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#expectsScreen) {
      this.#expectsScreen = false;
      this.#display.write(bytes);
      return;
    }
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

  #onMessage(message: Message): void {
    const { columns = 80, rows = 24 } = message;
    switch (message.type) {
      case 'screen':
        this.#expectsScreen = true;
        this.#display.clear({ columns, rows });
        return;
      case 'size':
        this.#display.resized({ columns, rows });
        return;
      case 'agent':
        this.#change({ agent: message.state === 'lost' ? 'lost' : 'connected' });
        return;
      case 'exited':
        this.#end(
          message.signal === undefined
            ? { type: 'code', code: Number(message.code ?? 0) }
            : { type: 'signal', signal: message.signal },
        );
        return;
      case 'error':
        this.#complaint = errorOf(message);
        // A daemon that stops or is not ready will be back; with anything else another attempt brings the same.
        if (message.code !== 'unavailable' && message.reason !== 'CANCELED')
          this.#end({ type: 'error', error: this.#complaint });
        return;
      default:
      // Of a newer control plane.
    }
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

function errorOf(message: Message): OperationError {
  return OperationError.fromWire(message, { message: 'The terminal was lost.' });
}
