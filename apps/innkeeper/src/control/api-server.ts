import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { HistoryService, ImageService, NodeService, OperationService, VmService } from '@innkeeper/contract/control';
import { type Log, mib } from '@innkeeper/kit';
import { WebSocketServer } from 'ws';
import type { History } from '../history/history.ts';
import { createHistoryService } from '../history/history-service.ts';
import { errorInterceptor, privilegeInterceptor } from './api-interceptors.ts';
import { authorizeSocketOwner } from './authorize.ts';
import { createImageService } from './image-service.ts';
import type { NodeOfControl } from './node-of-control.ts';
import { createOperationService } from './operation-service.ts';
import { type RouteContext, routeRequest, routeUpgrade } from './routes.ts';
import { createVmService } from './vm-service.ts';

/** Of one RPC request; the largest there is has a few names and tags. */
const maxRequestBytes = mib;
/** Of one WebSocket message: input of a process, or an acknowledgement. */
const maxSocketMessageBytes = mib;
/** Connections at once. One is a watcher, a terminal or a file on its way. */
const maxConnections = 2000;

export interface ApiServerOptions {
  readonly node: NodeOfControl;
  readonly history: History;
  readonly log: Log;
}

/** The API over HTTP/1.1. It listens where the caller says. */
export class ApiServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #shutdown = new AbortController();

  constructor({ node, history, log }: ApiServerOptions) {
    const context: RouteContext = { node, log, authorize: authorizeSocketOwner, shutdownSignal: this.#shutdown.signal };
    const rpc = connectNodeAdapter({
      routes: (router) =>
        router
          .service(VmService, createVmService(node))
          .service(ImageService, createImageService(node))
          .service(HistoryService, createHistoryService(node, history))
          .service(OperationService, createOperationService(node))
          .service(NodeService, { getNode: () => node.describe() }),
      interceptors: [errorInterceptor(log), privilegeInterceptor(authorizeSocketOwner)],
      // Everything here is local: compressing costs more than it saves.
      acceptCompression: [],
      readMaxBytes: maxRequestBytes,
      maxTimeoutMs: 24 * 60 * 60 * 1000,
      shutdownSignal: this.#shutdown.signal,
      fallback: (request, response) =>
        void routeRequest(request as IncomingMessage, response as ServerResponse, context),
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: maxSocketMessageBytes,
      // Events of the link are sent as binary, controls as text; nothing else is agreed on.
      clientTracking: true,
    });
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 30_000 }, rpc);
    this.#server.maxConnections = maxConnections;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      routeUpgrade({ request, socket, head, sockets: this.#sockets }, context);
    });
    // A client that sends half a request, or none: it is answered and closed.
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      else socket.destroy();
    });
  }

  /** Listens on a unix socket. The file is made by bind, with the mode that the caller's umask leaves. */
  async listen(socketPath: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: socketPath }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** Ends every call: watchers and processes' followers are told, files on their way break off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#shutdown.abort(new Error('the daemon stops'));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets.clients) socket.close(1001, 'the daemon stops');
    this.#server.closeIdleConnections();
    const force = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
      this.#server.closeAllConnections();
    }, 2000);
    await closed;
    clearTimeout(force);
  }
}
