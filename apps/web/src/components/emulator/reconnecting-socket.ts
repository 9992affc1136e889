/** Waits between attempts; the last one again and again. */
const waitsMs = [250, 500, 1000, 2000, 4000, 8000];
/** A connection that stands this long counts as good, and the waits begin anew. */
const goodMs = 5000;

export type SocketState = 'connecting' | 'open' | 'lost' | 'closed';

export interface ReconnectingSocketOptions {
  /** The address, asked for at every attempt. */
  readonly url: () => string;
  readonly onState: (state: SocketState) => void;
  readonly onText: (text: string) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Default: the browser's. */
  readonly open?: (url: string) => WebSocket;
}

/**
 * A WebSocket that comes back by itself. It rests for good after `close()` and after the server has closed it with 1000:
 * then there is nothing more to come. What is sent while it is away is dropped, as the state says.
 */
export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #state: SocketState = 'connecting';

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Whether it was sent. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(data);
    return true;
  }

  /** Does not wait for the next attempt: the network is back, or somebody looks again. */
  retryNow(): void {
    if (this.#state !== 'lost' || this.#timer === undefined) return;
    this.#attempts = 0;
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#change('closed');
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { url, open = (address) => new WebSocket(address) } = this.#options;
    const socket = open(url());
    let openedMs = Number.POSITIVE_INFINITY;
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      openedMs = performance.now();
      this.#change('open');
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      if (typeof data === 'string') this.#options.onText(data);
      else this.#options.onBytes(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      if (code === 1000) {
        this.#change('closed');
        return;
      }
      if (performance.now() - openedMs > goodMs) this.#attempts = 0;
      const waitMs = waitsMs[Math.min(this.#attempts, waitsMs.length - 1)];
      this.#attempts += 1;
      this.#timer = setTimeout(() => this.#connect(), waitMs);
      this.#change('lost');
    };
  }

  #change(state: SocketState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
