import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { VMService } from '@innkeeper/contract/compute';
import {
  AccessService,
  AuditService,
  GuestService,
  HistoryService,
  ImageService,
  NodeService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';
import { type Log, mib } from '@innkeeper/kit';
import { WebSocketServer } from 'ws';
import type { Access } from '../access/access.ts';
import { Audit } from '../audit/audit.ts';
import { createComputeService } from '../compat/compute-service.ts';
import type { History } from '../history/history.ts';
import { createHistoryService } from '../history/history-service.ts';
import type { RunManager } from '../runs/run-manager.ts';
import type { TerminalManager } from '../terminals/terminal-manager.ts';
import { commonHeaders } from '../web-server/content-policy.ts';
import { type Entrance, unixEntrance } from '../web-server/entrance.ts';
import {
  type AnyResponse,
  type HttpLimits,
  HttpListener,
  type HttpListenerOptions,
} from '../web-server/http-listener.ts';
import { type AnyRequest, checkOrigin, type RequestFacts, requestFacts } from '../web-server/request-facts.ts';
import { serveStaticFile } from '../web-server/static-files.ts';
import { createAccessService } from './access-service.ts';
import { answerError, refuseUpgrade } from './answer-error.ts';
import { errorInterceptor, factsKey, gateInterceptor, identifyCall } from './api-interceptors.ts';
import { createAuditService } from './audit-service.ts';
import { Gate } from './gate.ts';
import { createGuestService } from './guest-service.ts';
import { createImageService } from './image-service.ts';
import type { NodeOfControl } from './node-of-control.ts';
import { createOperationService } from './operation-service.ts';
import { isRoutePath, type RouteContext, routeRequest, routeUpgrade } from './routes.ts';
import { createRunService } from './run-service.ts';
import { createTerminalService } from './terminal-service.ts';
import { createVmService } from './vm-service.ts';

/** Of one RPC request; the largest there is has a few names and tags. */
const maxRequestBytes = mib;
/** Of one WebSocket message: input of a process, or an acknowledgement. */
const maxSocketMessageBytes = mib;
/** A call's request is small: who takes longer to send it holds a connection for nothing. */
const requestTimeoutMs = 30_000;

export interface ApiServerOptions {
  readonly node: NodeOfControl;
  readonly access: Access;
  readonly history: History;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
  readonly log: Log;
  /** The built web console; without it, TCP ports answer calls alone. */
  readonly webFolder?: string;
}

/** A TCP port to listen on. */
export interface TcpListenOptions {
  readonly where: ListenOptions;
  readonly entrance: Entrance;
  readonly tls?: HttpListenerOptions['tls'];
  readonly limits?: Partial<HttpLimits>;
}

/** The API, and the web console, on a unix socket and on TCP ports. */
export class ApiServer implements AsyncDisposable {
  readonly gate: Gate;
  /** Where browsers find it; empty while it listens on no port. */
  webUrl = '';
  readonly #options: ApiServerOptions;
  readonly #context: RouteContext;
  readonly #rpc: ReturnType<typeof connectNodeAdapter>;
  readonly #sockets: WebSocketServer;
  readonly #listeners: HttpListener[] = [];
  readonly #shutdown = new AbortController();
  readonly #facts = new WeakMap<object, RequestFacts>();

  constructor(options: ApiServerOptions) {
    const { node, access, history, runs, terminals, log } = options;
    const audit = new Audit({ store: access.store, log, nowMs: () => access.clock.nowMs() });
    this.#options = options;
    this.gate = new Gate({ access, audit });
    const { signal: shutdownSignal } = this.#shutdown;
    this.#context = { node, history, runs, terminals, log, gate: this.gate, shutdownSignal };
    this.#rpc = connectNodeAdapter({
      routes: (router) =>
        router
          .service(AccessService, createAccessService(access))
          .service(AuditService, createAuditService(access.store))
          .service(VmService, createVmService(node))
          .service(VMService, createComputeService(node))
          .service(ImageService, createImageService(node))
          .service(GuestService, createGuestService(node))
          .service(HistoryService, createHistoryService(node, history))
          .service(OperationService, createOperationService(node))
          .service(RunService, createRunService(node, runs))
          .service(TerminalService, createTerminalService(node, terminals))
          .service(NodeService, { getNode: async () => ({ ...(await node.describe()), webUrl: this.webUrl }) }),
      contextValues: (request) => createContextValues().set(factsKey, this.#facts.get(request)),
      requestGate: identifyCall(this.gate, log),
      interceptors: [errorInterceptor(log), gateInterceptor(this.gate, node)],
      // Most callers are near: compressing costs more than it saves.
      acceptCompression: [],
      readMaxBytes: maxRequestBytes,
      maxTimeoutMs: 24 * 60 * 60 * 1000,
      shutdownSignal: this.#shutdown.signal,
      fallback: (request, response) => void this.#beside(request, response as AnyResponse),
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: maxSocketMessageBytes,
      // Events of the link are sent as binary, controls as text; nothing else is agreed on.
      clientTracking: true,
    });
  }

  /** Listens on a unix socket. The file is made by bind, with the mode that the caller's umask leaves. */
  async listen(socketPath: string): Promise<void> {
    await this.#listen(unixEntrance, { path: socketPath }, {});
  }

  /** Listens on a TCP port; gives its number. Rejects with Node's error. */
  async listenTcp({ where, entrance, tls, limits }: TcpListenOptions): Promise<number> {
    const given = { ...(tls === undefined ? {} : { tls }), ...(limits === undefined ? {} : { limits }) };
    return (await this.#listen(entrance, where, given)).port;
  }

  async #listen(
    entrance: Entrance,
    where: ListenOptions,
    options: Pick<HttpListenerOptions, 'tls' | 'limits'>,
  ): Promise<HttpListener> {
    const listener = new HttpListener({
      ...options,
      onRequest: (request, response) => this.#answer(request, response, entrance),
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head, entrance),
    });
    await listener.listen(where);
    this.#listeners.push(listener);
    return listener;
  }

  #answer(request: AnyRequest, response: AnyResponse, entrance: Entrance): void {
    const facts = requestFacts(request, entrance, false);
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    try {
      checkOrigin(facts, request.method);
    } catch (error) {
      answerError(response as ServerResponse, error, this.#options.log);
      return;
    }
    this.#facts.set(request, facts);
    if (/^\/(innkeeper|limiquantix)\./.test(request.url ?? '')) limitRequestTime(request, response);
    this.#rpc(request, response as ServerResponse);
  }

  /** What is no call: a route, or a page of the web console. */
  async #beside(request: AnyRequest, response: AnyResponse): Promise<void> {
    const facts = this.#facts.get(request);
    if (facts === undefined) throw new Error('a request without its facts');
    const { webFolder, log } = this.#options;
    try {
      if (facts.entrance.kind === 'tcp' && webFolder !== undefined && !isRoutePath(request.url)) {
        if (await serveStaticFile(webFolder, request, response as ServerResponse)) return;
      }
    } catch (error) {
      answerError(response as ServerResponse, error, log);
      return;
    }
    await routeRequest(request as IncomingMessage, response as ServerResponse, facts, this.#context);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer, entrance: Entrance): void {
    socket.on('error', () => socket.destroy());
    const facts = requestFacts(request, entrance, true);
    try {
      checkOrigin(facts, request.method);
    } catch (error) {
      refuseUpgrade(socket, error, this.#options.log);
      return;
    }
    void routeUpgrade({ request, socket, head, sockets: this.#sockets }, facts, this.#context);
  }

  /** Ends every call: watchers and processes' followers are told, files on their way break off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#shutdown.abort(new Error('the daemon stops'));
    for (const socket of this.#sockets.clients) socket.close(1001, 'the daemon stops');
    await Promise.all(this.#listeners.map((listener) => listener[Symbol.asyncDispose]()));
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
