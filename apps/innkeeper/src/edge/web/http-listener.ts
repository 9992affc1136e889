import { createServer as createHttp1Server, type Server as Http1Server, IncomingMessage } from 'node:http';
import { constants, createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createTcpServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, Server as TlsServer } from 'node:tls';
import { OperationError } from '@innkeeper/contract';
import { type Connection, endSoon } from './connection.ts';
import { defaultLimits, type HttpLimits } from './connection-limits.ts';
import { Connections } from './connections.ts';
import { closeInSteps } from './leave-body.ts';
import type { AnyRequest, AnyResponse } from './request-facts.ts';

export interface HttpListenerOptions {
  /** `recognize`: to be called once the caller has authenticated, so that the connection has precedence over others. */
  readonly onRequest: (request: AnyRequest, response: AnyResponse, recognize: () => void) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer, recognize: () => void) => void;
  /** Every client that can connect is trusted: a unix socket of one user, or clients with a certificate. */
  readonly trustsPeers?: boolean;
  /** PEM; without it, cleartext. */
  readonly tls?: HttpListenerTls;
  readonly limits?: Partial<HttpLimits>;
}

interface HttpListenerTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM. Only clients with a certificate of this authority are accepted. */
  readonly clientCa?: string;
}

/** How every HTTP/2 connection begins: RFC 9113, 3.4. HTTP/1.1 has no such method. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n');

/** A client whose machine is gone is noticed, also by a socket on which nothing is sent. */
/** In which resets of streams are counted. */
const resetWindowMs = 10_000;
const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** Connections beyond the most there can be that are seen at all, before one makes room. */
const spareConnections = 64;

/** HTTP/1.1 and HTTP/2 on one port: by the first bytes in cleartext, by ALPN in TLS. */
export class HttpListener implements AsyncDisposable {
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #outer: Server;
  readonly #limits: HttpLimits;
  readonly #connections: Connections;
  /** By its socket, or HTTP/2 session. */
  readonly #connectionOf = new WeakMap<object, Connection>();
  /** By the client's address and port: how the socket of a TLS session is found. */
  readonly #byPeer = new Map<string, Connection>();
  #accepting: Connection | undefined;

  constructor({ onRequest, onUpgrade, trustsPeers = false, tls, limits }: HttpListenerOptions) {
    this.#limits = { ...defaultLimits(), ...limits };
    this.#connections = new Connections(this.#limits, trustsPeers);
    const { headersTimeoutMs, idleTimeoutMs, checkIntervalMs, maxHeaderBytes, maxStreams } = this.#limits;
    const answer = (request: AnyRequest, response: AnyResponse): void => {
      const connection = this.#connectionOf.get(
        'stream' in request ? (request.stream.session ?? request) : request.socket,
      );
      connection?.begin(request, response);
      if (request instanceof IncomingMessage) closeInSteps(request);
      onRequest(request, response, () => connection?.recognize());
    };
    this.#http1 = createHttp1Server(
      {
        // A file that is uploaded takes as long as it takes; `Connection` looks whether it moves.
        requestTimeout: 0,
        headersTimeout: headersTimeoutMs,
        keepAliveTimeout: idleTimeoutMs,
        connectionsCheckingInterval: checkIntervalMs,
        maxHeaderSize: maxHeaderBytes,
      },
      answer,
    );
    this.#http1.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const connection = this.#connectionOf.get(socket);
      connection?.beginUpgrade(request);
      onUpgrade(request, socket, head, () => connection?.recognize());
    });
    // A client that sends half a request, or none, or takes too long for it.
    this.#http1.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      endSoon(socket as Socket, clientErrorAnswer(error.code ?? '', maxHeaderBytes));
    });
    this.#http2 = createHttp2Server(
      { settings: { maxConcurrentStreams: maxStreams, maxHeaderListSize: maxHeaderBytes }, maxSessionMemory: 16 },
      answer,
    );
    this.#http2.on('session', (session) => this.#watchSession(session));
    this.#outer =
      tls === undefined
        ? createTcpServer(keepAlive, (socket) => this.#sniff(socket))
        : createTlsServer(
            {
              cert: tls.cert,
              key: tls.key,
              ...(tls.clientCa === undefined
                ? { minVersion: 'TLSv1.2' }
                : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }),
              ...keepAlive,
              ALPNProtocols: ['h2', 'http/1.1'],
              handshakeTimeout: headersTimeoutMs,
            },
            (socket: TLSSocket) => this.#secured(socket),
          );
    this.#outer.maxConnections = this.#limits.maxConnections + spareConnections;
    this.#outer.prependListener('connection', (socket: Socket) => this.#connected(socket));
    // A handshake that fails is the client's affair.
    this.#outer.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** The port it listens on; 0 for a unix socket. */
  get port(): number {
    const address = this.#outer.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size;
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
      this.#connections.destroyAll();
    }, graceMs);
    await closed;
    clearTimeout(force);
    this.#connections[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(2000);
  }

  /** Reads as much as tells the two protocols apart, and gives it back. */
  #sniff(socket: Socket): void {
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

  #connected(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const connection = this.#connections.accept(socket);
    if (connection === undefined) return;
    this.#connectionOf.set(socket, connection);
    if (this.#outer instanceof TlsServer) {
      const peer = peerOf(socket);
      this.#byPeer.set(peer, connection);
      socket.once('close', () => this.#byPeer.delete(peer));
    }
  }

  #secured(socket: TLSSocket): void {
    const connection = this.#byPeer.get(peerOf(socket));
    // It is gone already.
    if (connection === undefined) socket.destroy();
    else {
      connection.socket = socket;
      this.#connectionOf.set(socket, connection);
      this.#accept(socket, socket.alpnProtocol === 'h2');
    }
  }

  #accept(socket: Socket, isHttp2: boolean): void {
    // The event of the session comes before this returns, with a view of the socket that is not the socket.
    this.#accepting = this.#connectionOf.get(socket);
    (isHttp2 ? this.#http2 : this.#http1).emit('connection', socket);
    this.#accepting = undefined;
  }

  #watchSession(session: ServerHttp2Session): void {
    const connection = this.#accepting;
    if (connection !== undefined) {
      connection.session = session;
      this.#connectionOf.set(session, connection);
    }
    let settings = 0;
    session.on('remoteSettings', () => {
      settings += 1;
      if (settings > this.#limits.maxSettings) session.destroy();
    });
    const resets = new ResetWindow(this.#limits.maxResets);
    session.on('stream', (stream) => {
      stream.once('close', () => {
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && resets.add()) session.destroy();
      });
    });
    // A broken connection is followed by its close.
    session.on('error', () => session.destroy());
  }
}

/** Counts the streams that a client resets within some seconds. */
class ResetWindow {
  readonly #most: number;
  #startMs = 0;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts one; true when there are more than a client that means well has. */
  add(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#startMs > resetWindowMs) {
      this.#startMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#most;
  }
}

/** The answer to a client that sent no complete request, by the error's code. One that is too large has a reason. */
function clientErrorAnswer(code: string, maxHeaderBytes: number): string {
  const lines = [`HTTP/1.1 ${clientErrors[code] ?? '400 Bad Request'}`, 'connection: close'];
  let body = '';
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `The address and headers of the request have more than ${maxHeaderBytes} bytes.`;
    const { code, reason, nextStep } = new OperationError('REQUEST_TOO_LARGE', message, {
      nextStep: 'Use shorter names and paths.',
    });
    body = JSON.stringify({ code, reason, message, nextStep });
    lines.push('content-type: application/json', `x-innkeeper-reason: ${reason}`, `x-innkeeper-error: ${body}`);
  }
  return [...lines, `content-length: ${body.length}`, '', body].join('\r\n');
}

const clientErrors: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function peerOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}
