import { type OpenSocket, ResumingSocket, readConsoleMessage, type SocketState } from '@innkeeper/client/browser';
import { OperationError } from '@innkeeper/contract';

export interface ConsoleLinkState {
  /** `closed`: the VM ended, or the console may not be seen. */
  readonly socket: SocketState;
  /** The user whose keys reach the guest; null while nobody types. */
  readonly writer: string | null;
  /** Whether that is this page. */
  readonly isWriter: boolean;
  /** Why it is closed, when not because the VM ended. */
  readonly error: OperationError | undefined;
}

export interface ConsoleDisplay {
  clear(): void;
  write(bytes: Uint8Array): void;
  /** Does something when what came before is drawn: what the history asks of a terminal is nobody's question now. */
  after(act: () => void): void;
}

export interface ConsoleLinkOptions {
  readonly open: OpenSocket;
  /** The path; `writer` when this page typed before the connection was lost. */
  readonly path: (writer: boolean) => string;
  readonly display: ConsoleDisplay;
  readonly onState: (state: ConsoleLinkState) => void;
}

export const newConsoleState: ConsoleLinkState = {
  ...{ socket: 'connecting', writer: null, isWriter: false, error: undefined },
};

/**
 * A page's connection to a serial console; docs/protocol/http.md has the messages. It comes back by itself, with the
 * history, and types again if it did before and nobody took over meanwhile. Rests when the VM has ended.
 */
export class ConsoleLink {
  readonly #display: ConsoleDisplay;
  readonly #onState: ConsoleLinkOptions['onState'];
  readonly #socket: ResumingSocket;
  #state = newConsoleState;
  #typedBefore = false;
  #complaint: OperationError | undefined;

  constructor({ open, path, display, onState }: ConsoleLinkOptions) {
    this.#display = display;
    this.#onState = onState;
    this.#socket = new ResumingSocket({
      ...{ open, persistence: 'forever' },
      path: () => path(this.#typedBefore),
      onState: (socket) => this.#onSocket(socket),
      onText: (text) => this.#onMessage(JSON.parse(text) as Record<string, unknown>),
      onBytes: (bytes) => display.write(bytes),
    });
  }

  /** Dropped unless this page is the writer. */
  type(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#state.isWriter) this.#socket.send(bytes);
  }

  /** Becomes the writer, whoever was it. */
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
      this.#complaint = undefined;
      // The history comes again.
      this.#display.clear();
    } else {
      this.#typedBefore = this.#state.isWriter;
      this.#change({ writer: null, isWriter: false });
    }
    this.#change({ socket, error: socket === 'closed' ? this.#complaint : undefined });
  }

  #onMessage(message: Readonly<Record<string, unknown>>): void {
    try {
      const event = readConsoleMessage(message);
      if (event?.type !== 'writer') return;
      const { name: writer, you: isWriter } = event;
      this.#display.after(() => this.#change({ writer, isWriter }));
    } catch (error) {
      this.#complaint = OperationError.from(error);
      const { code, reason } = this.#complaint;
      // A daemon that stops will be back, and a VM starts; with anything else another attempt brings the same.
      if (code !== 'unavailable' && reason !== 'CANCELED' && reason !== 'VM_NOT_RUNNING') this.#socket.close();
    }
  }

  #change(change: Partial<ConsoleLinkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onState(this.#state);
  }
}
