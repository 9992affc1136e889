import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';
import type { DescService } from '@bufbuild/protobuf';
import type { Interceptor, ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import { type Log, mib } from '@innkeeper/kit';
import { WebSocketServer } from 'ws';
import { answerError, refuseUpgrade } from './answer-error.ts';
import { isRoutePath } from './find-route.ts';
import type { Gate } from './gate.ts';
import { withPort } from './ports/port-entrance.ts';
import type { PortGrants } from './ports/port-grants.ts';
import { createRpcHandler } from './rpc-handler.ts';
import { readVmPath, takesStream } from './vm-address.ts';
import type { HttpLimits } from './web/connection-limits.ts';
import { commonHeaders } from './web/content-policy.ts';
import { HttpListener, type HttpListenerOptions } from './web/http-listener.ts';
import { discardBodyAfter, keepAfterAnswer } from './web/leave-body.ts';
import type { ListenerInfo } from './web/listener-info.ts';
import {
  type AnyRequest,
  type AnyResponse,
  checkOrigin,
  type RequestFacts,
  requestFacts,
} from './web/request-facts.ts';
import { serveStaticFile } from './web/static-files.ts';

/** Of one WebSocket message: input of a process, or an acknowledgement. */
const maxSocketMessageBytes = 4 * mib;
/** A call's request is small: who takes longer to send it holds a connection for nothing. */
const requestTimeoutMs = 30_000;

/** A connection that asks for a WebSocket. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly sockets: WebSocketServer;
}

/** A service with what serves it, and the interceptors that its calls pass, the outermost first. */
export interface EdgeService {
  readonly service: DescService;
  readonly impl: ServiceImpl<DescService>;
  readonly interceptors: readonly Interceptor[];
}

/** Pairs a service with its implementation, typed; see `EdgeService`. */
export function edgeService<Service extends DescService>(
  service: Service,
  impl: ServiceImpl<Service>,
  interceptors: readonly Interceptor[],
): EdgeService {
  return { service, impl, interceptors };
}

export interface EdgeServerOptions {
  readonly log: Log;
  readonly gate: Gate;
  /** The built web console; without it, TCP ports answer calls alone. */
  readonly webFolder?: string | undefined;
  readonly services: readonly EdgeService[];
  /** Without it, no pages of guests are served. */
  readonly portGrants?: PortGrants;
  /** Answers a route. Never rejects. */
  readonly onRoute: (request: IncomingMessage, response: ServerResponse, facts: RequestFacts) => Promise<void>;
  /** Takes over a connection that asks for a WebSocket. Never rejects. */
  readonly onUpgrade: (upgrade: Upgrade, facts: RequestFacts) => Promise<void>;
}

/** A port or socket to listen on. */
export interface EdgeListenOptions {
  readonly where: ListenOptions;
  readonly listener: ListenerInfo;
  readonly tls?: HttpListenerOptions['tls'];
  readonly limits?: Partial<HttpLimits>;
}

/**
 * The one perimeter, of a daemon as of a control plane: listens on unix sockets and TCP ports, refuses requests of foreign
 * hosts and pages, and sorts the others into calls, routes, WebSockets and files of the web console. Who may do what is
 * for the gate, which the services' interceptors and the routes ask.
 */
export class EdgeServer implements AsyncDisposable {
  readonly #options: EdgeServerOptions;
  readonly #onCall: (request: AnyRequest, response: ServerResponse) => void;
  readonly #sockets: WebSocketServer;
  readonly #listeners: HttpListener[] = [];
  readonly #shutdown = new AbortController();
  readonly #facts = new WeakMap<object, RequestFacts>();

  constructor(options: EdgeServerOptions) {
    const { log, gate, services } = options;
    this.#options = options;
    this.#onCall = createRpcHandler({
      gate,
      log,
      shutdownSignal: this.#shutdown.signal,
      routes: (router) => {
        for (const { service, impl, interceptors } of services)
          router.service(service, impl, { interceptors: [...interceptors] });
      },
      factsOf: (request) => this.#facts.get(request),
      fallback: (request, response) => void this.#answerRoute(request, response),
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: maxSocketMessageBytes,
      clientTracking: true,
    });
  }

  /** Aborted when the server stops. */
  get shutdownSignal(): AbortSignal {
    return this.#shutdown.signal;
  }

  /** Listens and resolves to the port, 0 for a unix socket. Rejects with Node's error. */
  async listen({ where, listener, tls, limits }: EdgeListenOptions): Promise<number> {
    const { portGrants } = this.#options;
    const factsOf = (request: AnyRequest, isUpgrade: boolean): RequestFacts =>
      portGrants === undefined
        ? requestFacts(request, listener, isUpgrade)
        : withPort(request, requestFacts(request, listener, isUpgrade), portGrants);
    const server = new HttpListener({
      ...(tls === undefined ? {} : { tls }),
      ...(limits === undefined ? {} : { limits }),
      trustsPeers: listener.kind === 'unix' || listener.kind === 'control',
      onRequest: (request, response, recognize) =>
        this.#answer(request, response, { ...factsOf(request, false), recognize }),
      onUpgrade: (request, socket, head, recognize) =>
        this.#upgrade(request, socket, head, { ...factsOf(request, true), recognize }),
    });
    await server.listen(where);
    this.#listeners.push(server);
    return server.port;
  }

  /** What is not a call: a route, or a page of the web console. */
  async #answerRoute(request: AnyRequest, response: AnyResponse): Promise<void> {
    const facts = this.#facts.get(request);
    if (facts === undefined) throw new Error('a request without its facts');
    const { webFolder, log, onRoute } = this.#options;
    try {
      if (
        facts.listener.kind === 'tcp' &&
        facts.port === undefined &&
        webFolder !== undefined &&
        !isRoutePath(request.url)
      ) {
        if (await serveStaticFile(webFolder, request, response as ServerResponse)) return;
      }
    } catch (error) {
      answerError(response as ServerResponse, error, log);
      return;
    }
    await onRoute(request as IncomingMessage, response as ServerResponse, facts);
  }

  /** Ends every call: watchers and followers of processes get an error, file transfers break off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#shutdown.abort(new OperationError('DAEMON_UNREACHABLE', 'The daemon stops.'));
    for (const socket of this.#sockets.clients) socket.close(1001, 'the daemon stops');
    await Promise.all(this.#listeners.map((listener) => listener[Symbol.asyncDispose]()));
  }

  #answer(request: AnyRequest, response: AnyResponse, facts: RequestFacts): void {
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    discardBodyAfter(request, response);
    try {
      checkOrigin(facts, request.method);
    } catch (error) {
      answerError(response as ServerResponse, error, this.#options.log);
      return;
    }
    readVmPath(request);
    this.#facts.set(request, facts);
    if (facts.listener.kind === 'guest' || facts.port !== undefined) {
      void this.#answerRoute(request, response);
      return;
    }
    if (facts.listener.kind === 'control') keepAfterAnswer(request);
    if (/^\/(innkeeper|limiquantix)\./.test(request.url ?? '') && !takesStream(request.url)) {
      limitRequestTime(request, response);
    }
    this.#onCall(request, response as ServerResponse);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer, facts: RequestFacts): void {
    socket.on('error', () => socket.destroy());
    try {
      checkOrigin(facts, request.method);
      if (facts.listener.kind === 'guest')
        throw new OperationError('UNKNOWN_METHOD', 'There is no WebSocket for guests.');
    } catch (error) {
      refuseUpgrade(socket, error, this.#options.log);
      return;
    }
    void this.#options.onUpgrade({ request, socket, head, sockets: this.#sockets }, facts);
  }
}

/** Ends a request that is sent too slowly. */
function limitRequestTime(request: AnyRequest, response: AnyResponse): void {
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, requestTimeoutMs);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}
