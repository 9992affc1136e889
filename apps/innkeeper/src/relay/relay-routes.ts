import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { type Log, linkSignals } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { authorize } from '../access/authorize.ts';
import { answerError, closeWithError, ignoreMessages, refuseUpgrade } from '../edge/answer-error.ts';
import type { Upgrade } from '../edge/edge-server.ts';
import { findHttpRoute, findRoute } from '../edge/find-route.ts';
import type { AuthorizedCall } from '../edge/gate.ts';
import type { RouteFacts } from '../edge/http-route.ts';
import { type HttpRoute, httpRoutes, type SocketRoute, socketRoutes } from '../edge/route-table.ts';
import { type RequestFacts, withBasicToken } from '../edge/web/request-facts.ts';
import { closeForward, openForward } from './forward-gate.ts';
import { forwardRequest } from './forward-request.ts';
import { openNodeSocket, relaySockets } from './forward-socket.ts';
import type { NodeLink } from './node-link.ts';
import { type OwnHandler, ownHandlers } from './own-routes.ts';
import type { RelayContext } from './relay-context.ts';
import { relayPort, relayPortUpgrade } from './relay-ports.ts';

/** Answers a request that is not an RPC, or forwards it to the node. Never rejects. */
export async function relayRequest(
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
  context: RelayContext,
): Promise<void> {
  if (facts.port !== undefined) {
    await relayPort(request, response, { facts, port: facts.port }, context);
    return;
  }
  const { gate, log, shutdownSignal } = context;
  const left = linkSignals(shutdownSignal);
  const { signal } = left;
  const abort = (): void => left.abort(new OperationError('CANCELED', 'The caller left.'));
  response.once('close', abort);
  try {
    const { route, parameters, query } = findHttpRoute<HttpRoute>(httpRoutes, request);
    const own = ownHandlers[route.name];
    if (own !== undefined) {
      await answerOwn(route, own, { request, response, facts, signal }, context);
      return;
    }
    const identified = await gate.identify(route.takesBasic === true ? withBasicToken(facts) : facts);
    // Anonymous requests are refused here.
    if (identified.caller.via === 'anonymous') authorize(identified.caller, route.privilege, 'somewhere');
    const isChange = request.method !== 'GET' && request.method !== 'HEAD';
    const described = { ...parameters, ...route.describe?.(query) };
    const entry = { identified, isChange, action: route.action, parameters: described };
    const call = await openForward(gate, entry);
    try {
      const either = linkSignals(signal, call.signal).signal;
      await forwardRequest({ request, response, identified, log, signal: either }, context.link);
      await call.close();
    } catch (error) {
      await closeForward(gate, entry, call, error);
      throw error;
    }
  } catch (error) {
    answerError(response, error, log);
  } finally {
    response.off('close', abort);
    left.unlink();
  }
}

/** Takes over a connection that asks for a WebSocket, and joins it with one to the node. Never rejects. */
export async function relayUpgrade(upgrade: Upgrade, facts: RequestFacts, context: RelayContext): Promise<void> {
  if (facts.port !== undefined) {
    await relayPortUpgrade(upgrade, { facts, port: facts.port }, context);
    return;
  }
  const { request, socket, head, sockets } = upgrade;
  const { gate, log, link, shutdownSignal } = context;
  const left = new AbortController();
  socket.once('close', () => left.abort(new OperationError('CANCELED', 'The caller left.')));
  try {
    const { route, parameters } = findRoute<SocketRoute>(socketRoutes, request);
    const identified = await gate.identify(facts);
    if (identified.caller.via === 'anonymous') authorize(identified.caller, route.privilege, 'somewhere');
    const entry = { identified, isChange: false, action: route.action, parameters };
    const call = await openForward(gate, entry);
    const lasting = linkSignals(call.signal, shutdownSignal);
    try {
      const { signal } = linkSignals(left.signal, lasting.signal);
      const node = await openNodeSocket({ path: request.url ?? '/', identified, signal }, link);
      if (socket.destroyed) {
        node.terminate();
        throw left.signal.reason;
      }
      let isJoined = false;
      sockets.handleUpgrade(request, socket, head, (client) => {
        isJoined = true;
        void join(client, node, { call, signal: lasting.signal, link, log }).finally(lasting.unlink);
      });
      if (isJoined) return;
      // The handshake was invalid and has already been rejected.
      node.terminate();
      lasting.unlink();
      await call.close();
    } catch (error) {
      lasting.unlink();
      await closeForward(gate, entry, call, error);
      throw error;
    }
  } catch (error) {
    refuseUpgrade(socket, error, log);
  }
}

/** Relays until one side closes, and tells the client why when it is neither. Never rejects. */
async function join(
  client: WebSocket,
  node: WebSocket,
  { call, signal, link, log }: { call: AuthorizedCall; signal: AbortSignal; link: NodeLink; log: Log },
): Promise<void> {
  // A broken connection is followed by its close.
  client.on('error', (error) => log.debug('api.socket-error', { error: error.message }));
  try {
    await relaySockets(client, node, { signal, link });
    await call.close();
  } catch (error) {
    await call.close(error);
    if (error instanceof OperationError && error.reason !== 'ACCESS_CHANGED') closeWithError(client, error, log);
    else client.close(1012, 'reconnect');
  } finally {
    ignoreMessages(client);
  }
}

async function answerOwn(
  route: RouteFacts,
  answer: OwnHandler,
  {
    request,
    response,
    facts,
    signal,
  }: { request: IncomingMessage; response: ServerResponse; facts: RequestFacts; signal: AbortSignal },
  { gate, health, agentPaths }: RelayContext,
): Promise<void> {
  const { privilege, action, describe } = route;
  const identified = await (privilege === 'public' ? gate.identifyOrStranger(facts) : gate.identify(facts));
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
  const parameters = describe?.(query) ?? {};
  await gate.run({ identified, privilege, target: 'everywhere', isChange: false, action, parameters }, (call) =>
    answer({
      gate,
      identified,
      call,
      query,
      request,
      response,
      health,
      node: { agentPaths },
      signal: linkSignals(signal, call.signal).signal,
    }),
  );
}
