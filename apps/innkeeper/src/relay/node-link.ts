import {
  type ClientRequest,
  type Agent as HttpAgent,
  request as httpRequest,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Transport } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { OperationError } from '@innkeeper/contract';
import { type Log, mib } from '@innkeeper/kit';
import { WebSocket } from 'ws';
import type { NodeAddress } from './node-address.ts';
import { createNodeAgent, http2Options, type NodeTls } from './node-agent.ts';

/** Of one answer; the largest is a list of all VMs. */
const maxAnswerBytes = 256 * mib;
/** Of one WebSocket message; the largest is a screen with its scrollback. */
const maxSocketMessageBytes = 32 * mib;
const handshakeTimeoutMs = 10_000;

/** The way to the node: calls, requests and WebSockets over connections that are shared by all. */
export class NodeLink implements Disposable {
  /** Connect over HTTP/1.1. */
  readonly transport: Transport;
  /** Connect over HTTP/2, for calls that stream both ways at once. */
  readonly streams: Transport;
  readonly #agent: HttpAgent;
  readonly #http2: Http2SessionManager;
  readonly #origin: string;
  readonly #log: Log;
  readonly #sockets = new Set<WebSocket>();
  #isReachable = true;

  constructor({ address, tls, log }: { address: NodeAddress; tls?: NodeTls | undefined; log: Log }) {
    this.#agent = createNodeAgent(address, tls);
    this.#origin = address.kind === 'unix' ? 'http://node' : `https://${hostOf(address.host)}:${address.port}`;
    this.#log = log;
    this.#http2 = new Http2SessionManager(this.#origin, undefined, http2Options(address, tls));
    // They are near each other: compressing costs more than it saves.
    const common = {
      baseUrl: this.#origin,
      useBinaryFormat: true,
      acceptCompression: [],
      readMaxBytes: maxAnswerBytes,
    };
    this.transport = createConnectTransport({ ...common, httpVersion: '1.1', nodeOptions: { agent: this.#agent } });
    this.streams = createConnectTransport({ ...common, httpVersion: '2', sessionManager: this.#http2 });
  }

  /** Begins a request. `path` with its query, as it came. Throws INVALID_ARGUMENT for a path that cannot be one. */
  request(method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest {
    const begin = this.#origin.startsWith('https:') ? httpsRequest : httpRequest;
    try {
      return begin(this.#origin, { method, path, headers, agent: this.#agent });
    } catch (error) {
      throw new OperationError('INVALID_ARGUMENT', 'The request’s path contains an invalid character.', {
        cause: error,
      });
    }
  }

  /** Opens a WebSocket. */
  openSocket(path: string, headers: Record<string, string>): WebSocket {
    const socket = new WebSocket(`${this.#origin.replace('http', 'ws')}${path}`, {
      headers,
      agent: this.#agent,
      perMessageDeflate: false,
      maxPayload: maxSocketMessageBytes,
      handshakeTimeout: handshakeTimeoutMs,
    });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Ends every connection: a host that is gone ends none. What was under way fails with NODE_UNREACHABLE. */
  breakOff(): void {
    this.#agent.destroy();
    this.#http2.abort();
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Logs when the node goes and comes back. */
  note(isReachable: boolean, why = ''): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) this.#log.info('node.back', {});
    else this.#log.warn('node.unreachable', { message: why });
  }

  [Symbol.dispose](): void {
    this.breakOff();
  }
}

function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
