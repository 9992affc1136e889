import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OperationError } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { WebSocket, WebSocketServer } from 'ws';
import { errorHeader, toHttpError } from './api-error.ts';
import { type Authorize, socketOwner } from './authorize.ts';
import { serveConsole } from './console-socket.ts';
import { serveExec } from './exec-socket.ts';
import { explainEnd } from './explain-end.ts';
import type { NodeOfControl, VmOfControl } from './node-of-control.ts';
import { readFileRoute, statFileRoute } from './read-file-route.ts';
import { uploadOffsetRoute, writeFileRoute } from './write-file-route.ts';

/** What every route is given. */
export interface RouteContext {
  readonly node: NodeOfControl;
  readonly log: Log;
  readonly authorize: Authorize;
  /** Aborted when the daemon stops. */
  readonly shutdownSignal: AbortSignal;
}

/** One HTTP request for one VM. `signal` is aborted when the client leaves or the daemon stops. */
export interface FileExchange {
  readonly vm: VmOfControl;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly log: Log;
}

const fileRoutes: Readonly<
  Record<string, { readonly privilege: string; readonly run: (exchange: FileExchange) => Promise<void> }>
> = {
  GET: { privilege: 'guest.file.read', run: readFileRoute },
  PUT: { privilege: 'guest.file.write', run: writeFileRoute },
  HEAD: {
    privilege: 'guest.file.read',
    run: (exchange) => (exchange.query.has('upload') ? uploadOffsetRoute(exchange) : statFileRoute(exchange)),
  },
};

const socketRoutes: Readonly<
  Record<
    string,
    {
      readonly privilege: string;
      readonly run: (socket: WebSocket, vm: VmOfControl, options: { signal: AbortSignal; log: Log }) => Promise<void>;
    }
  >
> = {
  exec: { privilege: 'guest.exec', run: serveExec },
  console: { privilege: 'vm.console', run: serveConsole },
};

/** Answers a request that is no RPC. Never rejects. */
export async function routeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
): Promise<void> {
  const left = new AbortController();
  const abort = (): void => left.abort(new OperationError('CANCELED', 'The caller left.'));
  response.once('close', abort);
  const signal = AbortSignal.any([left.signal, context.shutdownSignal]);
  try {
    const { vmName, leaf, query } = parseTarget(request.url);
    const route = fileRoutes[request.method ?? ''];
    if (leaf !== 'files' || route === undefined) throw unknownRoute(request);
    context.authorize(socketOwner, route.privilege);
    const vm = context.node.vms.find(vmName);
    vm.assertAllowed('guest');
    try {
      await route.run({ vm, query, request, response, signal, log: context.log });
    } catch (error) {
      throw await explainEnd(error, vm, signal);
    }
  } catch (error) {
    answerError(response, error, context.log);
  } finally {
    response.off('close', abort);
  }
}

/** Takes over a connection that asks for a WebSocket. */
export function routeUpgrade(
  upgrade: {
    readonly request: IncomingMessage;
    readonly socket: Socket;
    readonly head: Buffer;
    readonly sockets: WebSocketServer;
  },
  context: RouteContext,
): void {
  const { request, socket, head, sockets } = upgrade;
  try {
    const { vmName, leaf } = parseTarget(request.url);
    const route = Object.hasOwn(socketRoutes, leaf) ? socketRoutes[leaf] : undefined;
    if (route === undefined) throw unknownRoute(request);
    context.authorize(socketOwner, route.privilege);
    const vm = context.node.vms.find(vmName);
    vm.assertAllowed(leaf === 'exec' ? 'guest' : 'console');
    sockets.handleUpgrade(request, socket, head, (client) => {
      const left = new AbortController();
      client.once('close', () => left.abort(new OperationError('CANCELED', 'The caller left.')));
      const signal = AbortSignal.any([left.signal, context.shutdownSignal]);
      const options = { signal, log: context.log.with({ vm: vm.name }) };
      // A broken connection is followed by its close.
      client.on('error', (error) => options.log.debug('api.socket-error', { error: error.message }));
      void route
        .run(client, vm, options)
        .catch(async (error: unknown) => closeWithError(client, await explainEnd(error, vm, signal), options.log));
    });
  } catch (error) {
    const { status, body } = toHttpError(error, context.log);
    const text = JSON.stringify(body);
    socket.end(
      `HTTP/1.1 ${status} Error\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    );
  }
}

/** Tells a WebSocket client what went wrong, and closes. */
function closeWithError(client: WebSocket, error: unknown, log: Log): void {
  if (client.readyState !== client.OPEN) return;
  const { body } = toHttpError(error, log);
  client.send(JSON.stringify({ type: 'error', ...body }));
  client.close(1011, body.reason);
}

function answerError(response: ServerResponse, error: unknown, log: Log): void {
  const { status, body } = toHttpError(error, log);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const headers = { 'content-type': 'application/json', 'x-innkeeper-reason': body.reason };
  // A HEAD has no body, so its error has a header too; what is left of an upload is not read.
  response.writeHead(status, {
    ...headers,
    'x-innkeeper-error': errorHeader(body),
    connection: 'close',
  });
  response.end(JSON.stringify(body));
}

/** "/v1/vms/NAME/LEAF?QUERY". */
function parseTarget(url: string | undefined): { vmName: string; leaf: string; query: URLSearchParams } {
  const [path = '', query = ''] = (url ?? '').split('?', 2);
  const match = /^\/v1\/vms\/([^/]+)\/([a-z]+)$/.exec(path);
  const [, vmName = '', leaf = ''] = match ?? [];
  return { vmName: decode(vmName), leaf, query: new URLSearchParams(query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new OperationError('INVALID_ARGUMENT', 'The name in the address has a wrong escape.', { cause: error });
  }
}

function unknownRoute(request: IncomingMessage): OperationError {
  const path = (request.url ?? '').split('?', 1)[0]?.slice(0, 200);
  return new OperationError('UNKNOWN_METHOD', `There is nothing for ${request.method} at ${path}.`);
}
