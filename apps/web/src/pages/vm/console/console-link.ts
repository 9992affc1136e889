import { type OpenSocket, ResumingSocket, readConsoleMessage, type SocketState } from '@innkeeper/client/browser';
import { OperationError } from '@innkeeper/contract';

export interface ConsoleLinkState {
  /** "closed": the VM has stopped, or access was denied. */
  readonly socket: SocketState;
  /** The user who is the writer; null if there is none. */
  readonly writer: string | null;
  /** Whether this page is the writer. */
  readonly isWriter: boolean;
  /** Why it is closed, unless the VM has stopped. */
  readonly error: OperationError | undefined;
}

export interface ConsoleDisplay {
  clear(): void;
  write(bytes: Uint8Array): void;
  /** Calls `act` once earlier output is drawn. Terminal queries in the history must not be answered as input. */
  after(act: () => void): void;
}

export interface ConsoleLinkOptions {
  readonly open: OpenSocket;
  /** Returns the path; `writer` is true if this page was the writer before the connection was lost. */
  readonly path: (writer: boolean) => string;
  readonly display: ConsoleDisplay;
  readonly onState: (state: ConsoleLinkState) => void;
}

export const newConsoleState: ConsoleLinkState = {
  socket: 'connecting',
  writer: null,
  isWriter: false,
  error: undefined,
};

/**
 * A page's connection to a serial console; docs/protocol/http.md describes the messages. It reconnects automatically,
 * gets the history again, and becomes the writer again unless somebody else took over. It stays closed after the VM has
 * stopped.
 */
export class ConsoleLink {
  readonly #display: ConsoleDisplay;
  readonly #onState: ConsoleLinkOptions['onState'];
  readonly #socket: ResumingSocket;
  #state = newConsoleState;
  #wasWriter = false;
  #lastError: OperationError | undefined;

  constructor({ open, path, display, onState }: ConsoleLinkOptions) {
    this.#display = display;
    this.#onState = onState;
    this.#socket = new ResumingSocket({
      open,
      persistence: 'forever',
      path: () => path(this.#wasWriter),
      onState: (socket) => this.#onSocket(socket),
      onText: (text) => this.#onMessage(JSON.parse(text) as Record<string, unknown>),
      onBytes: (bytes) => display.write(bytes),
    });
  }

  /** Sends input; dropped unless this page is the writer. */
  type(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#state.isWriter) this.#socket.send(bytes);
  }

  /** Takes over writing from the current writer. */
  take(): void {
    this.#socket.send('{"type":"take"}');
  }

  release(): void {
    this.#socket.send('{"type":"release"}');
  }

  retryNow(): void {
    this.#socket.retryNow();
  }

  close(): void {
    this.#socket.close();
  }

  #onSocket(socket: SocketState): void {
    if (socket === 'open') {
      this.#lastError = undefined;
      // The history is sent again.
      this.#display.clear();
    } else {
      this.#wasWriter = this.#state.isWriter;
      this.#change({ writer: null, isWriter: false });
    }
    this.#change({ socket, error: socket === 'closed' ? this.#lastError : undefined });
  }

  #onMessage(message: Readonly<Record<string, unknown>>): void {
    try {
      const event = readConsoleMessage(message);
      if (event?.type !== 'writer') return;
      const { name: writer, you: isWriter } = event;
      this.#display.after(() => this.#change({ writer, isWriter }));
    } catch (error) {
      this.#lastError = OperationError.from(error);
      const { code, reason } = this.#lastError;
      // A stopping daemon will be back, and a VM may be starting; for any other error, a retry would fail again.
      if (code !== 'unavailable' && reason !== 'CANCELED' && reason !== 'VM_NOT_RUNNING') this.#socket.close();
    }
  }

  #change(change: Partial<ConsoleLinkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onState(this.#state);
  }
}
