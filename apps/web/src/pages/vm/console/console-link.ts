import { OperationError } from '@innkeeper/contract';
import { ReconnectingSocket, type SocketState } from '../../../components/emulator/reconnecting-socket.ts';

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
  /** The address; `writer` when this page typed before the connection was lost. */
  readonly url: (writer: boolean) => string;
  readonly display: ConsoleDisplay;
  readonly onState: (state: ConsoleLinkState) => void;
  readonly open?: (url: string) => WebSocket;
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
  readonly #socket: ReconnectingSocket;
  #state = newConsoleState;
  #typedBefore = false;
  #complaint: OperationError | undefined;

  constructor({ url, display, onState, open }: ConsoleLinkOptions) {
    this.#display = display;
    this.#onState = onState;
    this.#socket = new ReconnectingSocket({
      url: () => url(this.#typedBefore),
      ...(open === undefined ? {} : { open }),
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
    if (message['type'] === 'writer') {
      const { name, you } = message;
      const writer = typeof name === 'string' ? name : null;
      this.#display.after(() => this.#change({ writer, isWriter: you === true }));
    }
    if (message['type'] !== 'error' || message['reason'] === 'CONSOLE_NOT_WRITER') return;
    const { reason } = message;
    this.#complaint = OperationError.fromWire(message);
    // A daemon that stops will be back, and a VM starts; with anything else another attempt brings the same.
    if (this.#complaint.code === 'unavailable' || reason === 'CANCELED' || reason === 'VM_NOT_RUNNING') return;
    this.#socket.close();
  }

  #change(change: Partial<ConsoleLinkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onState(this.#state);
  }
}
