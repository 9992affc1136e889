import { OperationError } from '@innkeeper/contract/errors';
import { Notifier, onAbort } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { vmUrl } from './addresses.ts';
import { fromSocketMessage } from './errors.ts';
import type { OpenSocket, StreamSocket } from './stream-socket.ts';

/** Bytes that may be on their way to the guest without its acknowledgement: as in the daemon. */
const windowBytes = 512 * 1024;
/** Consumed bytes are acknowledged in steps of this size, or when everything was consumed. */
const ackStepBytes = 64 * 1024;
const maxPieceBytes = 256 * 1024;

/** Where a tunnel leads: a TCP port, at an address of the guest (default: its loopback), or a unix socket. */
export type TunnelTarget = { readonly port: number; readonly address?: string | undefined } | { readonly unix: string };

export interface OpenTunnelOptions {
  /** Closes the tunnel. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection to a program of a guest. Iterating yields its bytes up to its end, and holds the program back while they
 * are not consumed. Rejects with OperationError: TUNNEL_REFUSED, TUNNEL_RESET, DAEMON_UNREACHABLE and others; CANCELED
 * after `close` or an abort.
 */
export interface Tunnel extends AsyncIterable<Uint8Array> {
  /** Resolves when the program has accepted the connection. */
  readonly opened: Promise<void>;
  /** Resolves when both sides have ended. */
  readonly closed: Promise<void>;
  /** Sends bytes; resolves when more may be sent. Rejects when the tunnel is closed. */
  write(data: Uint8Array): Promise<void>;
  /** Sends the end; reading continues. */
  end(): void;
  /** Closes both directions at once. */
  close(): void;
}

/** Opens a tunnel. It ends with its connection and is never resumed. */
export function openTunnel(
  open: OpenSocket,
  vm: string,
  target: TunnelTarget,
  options: OpenTunnelOptions = {},
): Tunnel {
  return new SocketTunnel(open, tunnelUrl(vm, target), options.signal);
}

/** The path of a tunnel's WebSocket. */
function tunnelUrl(vm: string, target: TunnelTarget): string {
  const query = new URLSearchParams(
    'unix' in target
      ? { unix: target.unix }
      : { port: `${target.port}`, ...(target.address === undefined ? {} : { address: target.address }) },
  );
  return `${vmUrl(vm)}/tunnel?${query}`;
}

class SocketTunnel implements Tunnel {
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  readonly #isOpened = Promise.withResolvers<void>();
  readonly #isClosed = Promise.withResolvers<void>();
  readonly #socket: StreamSocket;
  readonly #untie: () => void;
  readonly #parts: Uint8Array[] = [];
  readonly #changes = new Notifier();
  #isConnected = false;
  #hasGuestEnded = false;
  /** Sent once the WebSocket is open. */
  readonly #early: (Uint8Array | string)[] = [];
  #unacknowledged = 0;
  #consumed = 0;
  #over: { readonly error: unknown } | undefined;

  constructor(open: OpenSocket, path: string, signal: AbortSignal | undefined) {
    this.opened = this.#isOpened.promise;
    this.closed = this.#isClosed.promise;
    // Who does not ask for them gets the error from the iteration or a write.
    this.opened.catch(() => undefined);
    this.closed.catch(() => undefined);
    this.#socket = open(path, {
      opened: () => {
        this.#isConnected = true;
        for (const message of this.#early.splice(0)) this.#socket.send(message);
      },
      bytes: (data) => {
        this.#parts.push(data);
        this.#changes.notify();
      },
      text: (text) => this.#onText(text),
      closed: (code, error) => this.#finish(code === 1000 ? undefined : (error ?? lost())),
    });
    this.#untie = onAbort(signal, () => {
      if (signal !== undefined) this.#finish(abortError(signal));
    });
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += maxPieceBytes) {
      await this.#changes.until(() => this.#over !== undefined || this.#unacknowledged < windowBytes);
      if (this.#over !== undefined) throw this.#over.error ?? new OperationError('CANCELED', 'The tunnel has ended.');
      const piece = data.subarray(at, at + maxPieceBytes);
      this.#unacknowledged += piece.length;
      this.#send(piece);
    }
  }

  end(): void {
    this.#send(JSON.stringify({ type: 'end' }));
  }

  close(): void {
    this.#finish(new OperationError('CANCELED', 'The tunnel was closed.'));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        yield part;
        this.#acknowledge(part.length);
      } else if (this.#hasGuestEnded) return;
      else if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        return;
      } else await this.#changes.changed();
    }
  }

  #acknowledge(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < ackStepBytes && this.#parts.length > 0) return;
    this.#send(JSON.stringify({ type: 'ack', bytes: this.#consumed }));
    this.#consumed = 0;
  }

  #send(message: Uint8Array | string): void {
    if (this.#over !== undefined) return;
    if (this.#isConnected) this.#socket.send(message);
    else this.#early.push(typeof message === 'string' ? message : new Uint8Array(message));
  }

  #onText(text: string): void {
    try {
      const message = JSON.parse(text) as Readonly<Record<string, unknown>>;
      if (message['type'] === 'error') this.#finish(fromSocketMessage(message));
      if (message['type'] === 'opened') this.#isOpened.resolve();
      if (message['type'] === 'ended') this.#hasGuestEnded = true;
      if (message['type'] === 'ack') this.#unacknowledged -= Number(message['bytes']);
    } catch (error) {
      this.#finish(new OperationError('INTERNAL', 'The daemon sent a malformed message.', { cause: error }));
    }
    this.#changes.notify();
  }

  #finish(error: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { error };
    this.#untie?.();
    this.#socket.close();
    const early = error ?? new OperationError('INTERNAL', 'The daemon ended a tunnel before it was open.');
    this.#isOpened.reject(early);
    if (error === undefined) this.#isClosed.resolve();
    else this.#isClosed.reject(error);
    this.#changes.notify();
  }
}

function lost(): OperationError {
  return new OperationError('DAEMON_UNREACHABLE', 'The connection to the daemon was lost.');
}
