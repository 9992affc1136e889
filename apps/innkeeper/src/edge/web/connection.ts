import type { IncomingMessage } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpLimits } from './connection-limits.ts';
import type { AnyRequest, AnyResponse } from './request-facts.ts';

/** A client that was answered gets this long to read the answer and to close, in milliseconds. */
const lingerMs = 1_000;

interface Running {
  readonly request: AnyRequest;
  /** Absent for a connection that became a WebSocket. */
  readonly response?: AnyResponse;
  readonly sinceMs: number;
}

/** One connection of a client: what is asked on it, whether it has shown a login, and whether anything moves. */
export class Connection {
  /** Whose it is, for the quota; empty where all clients are trusted. */
  readonly address: string;
  /** Of the TLS session once there is one. */
  socket: Socket;
  session: Http2Session | undefined;
  /** A caller has authenticated on it. */
  isKnown: boolean;
  readonly #raw: Socket;
  readonly #running = new Set<Running>();
  readonly #onKnown: (connection: Connection) => void;
  #hasAsked = false;
  #idleSinceMs: number;
  #moved = '';
  #movedMs: number;

  constructor(
    socket: Socket,
    options: { address: string; isKnown: boolean; nowMs: number; onKnown: (connection: Connection) => void },
  ) {
    this.socket = socket;
    this.#raw = socket;
    this.address = options.address;
    this.isKnown = options.isKnown;
    this.#onKnown = options.onKnown;
    this.#idleSinceMs = options.nowMs;
    this.#movedMs = options.nowMs;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** A request whose headers are complete; it is over with its answer. */
  begin(request: AnyRequest, response: AnyResponse): void {
    const running = { request, response, sinceMs: performance.now() };
    this.#begin(running);
    response.once('close', () => {
      this.#running.delete(running);
      this.#idleSinceMs = performance.now();
    });
  }

  /** It became a WebSocket, or asks to. */
  beginUpgrade(request: IncomingMessage): void {
    this.#begin({ request, sinceMs: performance.now() });
  }

  /** The caller has authenticated: from now on the connection counts as authenticated. */
  recognize(): void {
    if (this.isKnown) return;
    this.isKnown = true;
    this.#onKnown(this);
  }

  /** Closes it at once, in both directions. */
  destroy(): void {
    this.session?.destroy();
    this.socket.destroy();
    this.#raw.destroy();
  }

  /** Ends it if it takes longer for something than the limits allow. */
  check(limits: HttpLimits, nowMs: number): void {
    if (this.isIdle) {
      const timeoutMs = this.#hasAsked ? limits.idleTimeoutMs : limits.headersTimeoutMs;
      if (nowMs - this.#idleSinceMs >= timeoutMs) this.#endIdle();
      return;
    }
    const moved = `${this.socket.bytesRead} ${this.socket.bytesWritten - this.socket.writableLength}`;
    const isStill = moved === this.#moved && this.#isWaited();
    if (!isStill) [this.#moved, this.#movedMs] = [moved, nowMs];
    const stallMs = this.isKnown ? limits.stallMs : limits.strangerStallMs;
    const oldestMs = Math.min(...[...this.#running].map(({ sinceMs }) => sinceMs));
    const isTooLong = !this.isKnown && nowMs - oldestMs >= limits.strangerRequestMs;
    if (isTooLong || nowMs - this.#movedMs >= stallMs) this.destroy();
  }

  /** In HTTP/2 a client that is about to ask learns that it should do so elsewhere; whoever does not close is cut off. */
  #endIdle(): void {
    if (this.#hasAsked && this.session?.closed === false) this.session.close();
    else this.destroy();
  }

  #begin(running: Running): void {
    this.#hasAsked = true;
    this.#running.add(running);
  }

  /** Whether the client has to send, or to take, something for anything to go on; not while the daemon has yet to read. */
  #isWaited(): boolean {
    if (this.socket.writableLength > 0) return true;
    return [...this.#running].some(
      ({ request, response }) => response !== undefined && (isAwaited(request) || pendingBytes(response) > 0),
    );
  }
}

/** Whether more of the body has to come. HTTP/2 says of a request without one that it is complete only once read. */
function isAwaited(request: AnyRequest): boolean {
  if (request.complete || request.readableLength > 0) return false;
  return !('stream' in request) || (!request.stream.endAfterHeaders && request.stream.readableLength === 0);
}

function pendingBytes(response: AnyResponse): number {
  return 'stream' in response ? response.stream.writableLength : response.writableLength;
}

/** Sends the last bytes and closes: a client that does not close its side is cut off after a second. */
export function endSoon(socket: Socket, bytes: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  // What still comes is thrown away: closing with unread bytes would take the answer from under the client.
  socket.resume();
  socket.end(bytes);
}
