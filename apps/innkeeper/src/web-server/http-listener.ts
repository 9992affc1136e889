import type { ServerResponse } from 'node:http';
import { createServer as createHttp1Server, type Server as Http1Server, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type Http2ServerResponse } from 'node:http2';
import { createServer as createTcpServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { AnyRequest } from './request-facts.ts';

export type AnyResponse = ServerResponse | Http2ServerResponse;

export interface HttpListenerOptions {
  readonly onRequest: (request: AnyRequest, response: AnyResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
  /** PEM; without it, cleartext. */
  readonly tls?: HttpListenerTls;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpListenerTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM. Only clients with a certificate of this authority come in. */
  readonly clientCa?: string;
}

/** What one client may take. */
export interface HttpLimits {
  /** From the first byte to the end of a request's headers, and for a TLS handshake. */
  readonly headersTimeoutMs: number;
  /** A connection on which nothing is asked. */
  readonly idleTimeoutMs: number;
  /** How often the two are looked at. */
  readonly checkIntervalMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** At once on one HTTP/2 connection. */
  readonly maxStreams: number;
}

const defaultLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  checkIntervalMs: 2_000,
  maxConnections: 2000,
  maxHeaderBytes: 16 * 1024,
  maxStreams: 250,
};

/** How every HTTP/2 connection begins: RFC 9113, 3.4. HTTP/1.1 has no such method. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n');

/** A client whose machine is gone is noticed, also by a socket on which nothing is sent. */
const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** HTTP/1.1 and HTTP/2 on one port: by the first bytes in cleartext, by ALPN in TLS. */
export class HttpListener implements AsyncDisposable {
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #outer: Server;
  readonly #limits: HttpLimits;
  readonly #connections = new Set<Socket>();

  constructor({ onRequest, onUpgrade, tls, limits }: HttpListenerOptions) {
    this.#limits = { ...defaultLimits, ...limits };
    const { headersTimeoutMs, idleTimeoutMs, checkIntervalMs, maxHeaderBytes, maxStreams } = this.#limits;
    this.#http1 = createHttp1Server(
      {
        // A file that is uploaded takes as long as it takes.
        requestTimeout: 0,
        headersTimeout: headersTimeoutMs,
        keepAliveTimeout: idleTimeoutMs,
        connectionsCheckingInterval: checkIntervalMs,
        maxHeaderSize: maxHeaderBytes,
      },
      onRequest,
    );
    this.#http1.on('upgrade', onUpgrade);
    // A client that sends half a request, or none: it is answered and closed.
    this.#http1.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      else socket.destroy();
    });
    this.#http2 = createHttp2Server(
      { settings: { maxConcurrentStreams: maxStreams, maxHeaderListSize: maxHeaderBytes }, maxSessionMemory: 16 },
      onRequest,
    );
    this.#http2.on('session', (session) => {
      session.setTimeout(idleTimeoutMs, () => session.close());
      // A broken connection is followed by its close.
      session.on('error', () => session.destroy());
    });
    this.#outer =
      tls === undefined
        ? createTcpServer(keepAlive, (socket) => this.#sniff(socket))
        : createTlsServer(
            {
              ...{ cert: tls.cert, key: tls.key },
              ...(tls.clientCa === undefined
                ? { minVersion: 'TLSv1.2' }
                : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }),
              ...keepAlive,
              ALPNProtocols: ['h2', 'http/1.1'],
              handshakeTimeout: headersTimeoutMs,
            },
            (socket: TLSSocket) => this.#accept(socket, socket.alpnProtocol === 'h2'),
          );
    this.#outer.maxConnections = this.#limits.maxConnections;
    this.#outer.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    // A handshake that fails is the client's affair.
    this.#outer.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** The port it listens on; 0 for a unix socket. */
  get port(): number {
    const address = this.#outer.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Rejects with Node's error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  async listen(where: ListenOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#outer.once('error', reject);
      this.#outer.listen(where, () => {
        this.#outer.off('error', reject);
        resolve();
      });
    });
    // Its timeouts begin with this event; it never listens itself.
    this.#http1.emit('listening');
  }

  /** Takes no more; ends idle connections at once and the others after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#outer.close(() => resolve()));
    this.#http1.close();
    this.#http1.closeIdleConnections();
    this.#http2.close();
    const force = setTimeout(() => {
      for (const socket of this.#connections) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(force);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(2000);
  }

  /** Reads as much as tells the two protocols apart, and gives it back. */
  #sniff(socket: Socket): void {
    const tooSlow = setTimeout(() => socket.destroy(), this.#limits.headersTimeoutMs);
    let seen: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, preface.length);
      const isPreface = seen.compare(preface, 0, length, 0, length) === 0;
      if (isPreface && length < preface.length) return;
      done();
      socket.unshift(seen);
      this.#accept(socket, isPreface);
    };
    const done = (): void => {
      clearTimeout(tooSlow);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', done);
    };
    const onEnd = (): void => {
      done();
      socket.destroy();
    };
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
    socket.once('close', done);
  }

  #accept(socket: Socket, isHttp2: boolean): void {
    (isHttp2 ? this.#http2 : this.#http1).emit('connection', socket);
  }
}
