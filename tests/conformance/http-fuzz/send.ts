import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { FuzzDaemonAddress } from './fuzz-daemon.ts';
import type { FuzzRequest } from './requests.ts';

/** What came back, as far as the test looks at it. */
export interface FuzzAnswer {
  readonly status: number;
  /** Headers and trailers. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The first 64 KiB. */
  readonly body: string;
}

const maxBodyBytes = 64 * 1024;
/**
 * Megabytes of one HTTP/2 connection, whose bodies that wait to be sent count. Beyond Node's 10 this client itself resets
 * the stream whose answer comes next, with ENHANCE_YOUR_CALM.
 */
const maxSessionMemory = 1000;
/** So long a WebSocket stays open. */
const socketMs = 100;

/** Sends the requests of the test over a few connections that stay open, as clients have them. */
export class FuzzSender implements Disposable {
  readonly #address: FuzzDaemonAddress;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });
  readonly #sessions = new Map<FuzzRequest['to'], ClientHttp2Session>();

  constructor(address: FuzzDaemonAddress) {
    this.#address = address;
  }

  /** Rejects when the connection breaks, or after `timeoutMs` without the whole answer. */
  async send(request: FuzzRequest, timeoutMs: number): Promise<FuzzAnswer> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const answered =
        request.messages !== undefined
          ? this.#openSocket(request, request.messages)
          : request.isHttp2
            ? this.#sendHttp2(request)
            : this.#sendHttp1(request);
      return await Promise.race([answered, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #where(to: FuzzRequest['to']): { readonly socketPath: string } | { readonly host: string; readonly port: number } {
    if (to === 'socket') return { socketPath: this.#address.socketPath };
    return { host: '127.0.0.1', port: to === 'tcp' ? this.#address.tcpPort : this.#address.relayPort };
  }

  #sendHttp1({ method, path, headers, body, to }: FuzzRequest): Promise<FuzzAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = { ...this.#where(to), method, path, headers: { ...headers, ...length }, agent: this.#agent };
    const call = httpRequest(options, (response) => {
      const gathered = new Gathered();
      response.on('data', (chunk: Buffer) => gathered.add(chunk));
      response.once('error', reject);
      // One that breaks off in the middle says so; a file whose reading failed ends like that on purpose.
      response.once('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: { ...response.headers, ...response.trailers },
          body: gathered.text,
        }),
      );
    });
    call.once('error', reject);
    call.end(body);
    return promise;
  }

  #sendHttp2({ method, path, headers, body, to }: FuzzRequest): Promise<FuzzAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
    // Of HTTP/1.1, or refused by the protocol itself.
    const { host: _, te: __, ...others } = headers;
    const all = { ':method': method, ':path': path, te: 'trailers', ...others };
    const stream = this.#session(to).request(all, { endStream: false });
    const gathered = new Gathered();
    let received: IncomingHttpHeaders = {};
    stream.on('response', (given) => {
      received = given;
    });
    stream.on('trailers', (given) => {
      received = { ...received, ...given };
    });
    stream.on('data', (chunk: Buffer) => gathered.add(chunk));
    stream.once('error', reject);
    stream.once('close', () =>
      resolve({ status: Number(received[':status' as never] ?? 0), headers: received, body: gathered.text }),
    );
    stream.end(body);
    return promise;
  }

  /** Sends all messages at once, and leaves when nothing comes for a moment. The answer is what the server sent. */
  #openSocket({ path, headers, to }: FuzzRequest, messages: readonly (string | Buffer)[]): Promise<FuzzAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
    const where = this.#where(to);
    const base = 'socketPath' in where ? `ws+unix:${where.socketPath}:` : `ws://${where.host}:${where.port}`;
    const socket = new WebSocket(`${base}${path}`, { headers });
    const gathered = new Gathered();
    let leave: NodeJS.Timeout | undefined;
    socket.once('open', () => {
      leave = setTimeout(() => socket.close(), socketMs);
      for (const message of messages) socket.send(message);
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) gathered.add(data);
    });
    socket.once('unexpected-response', (_, response) => {
      response.on('data', (chunk: Buffer) => gathered.add(chunk));
      response.once('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: gathered.text }),
      );
    });
    socket.once('error', reject);
    socket.once('close', (code, reason) => {
      clearTimeout(leave);
      resolve({ status: 101, headers: { code, reason: reason.toString() }, body: gathered.text });
    });
    return promise;
  }

  #session(to: FuzzRequest['to']): ClientHttp2Session {
    const open = this.#sessions.get(to);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const where = this.#where(to);
    const session = connectHttp2('http://localhost', {
      maxSessionMemory,
      createConnection: () => ('socketPath' in where ? connect(where.socketPath) : connect(where.port, where.host)),
    });
    session.on('error', () => undefined);
    this.#sessions.set(to, session);
    return session;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }
}

class Gathered {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  add(chunk: Buffer): void {
    if (this.#length < maxBodyBytes) this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
