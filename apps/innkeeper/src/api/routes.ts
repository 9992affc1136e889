import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { answerError, closeWithError, refuseUpgrade } from '../edge/answer-error.ts';
import type { Upgrade } from '../edge/edge-server.ts';
import { type Found, findHttpRoute, findRoute } from '../edge/find-route.ts';
import { checkPage, type Entry, type Gate } from '../edge/gate.ts';
import type { RouteFacts } from '../edge/http-route.ts';
import { findVm } from '../edge/method-target.ts';
import { type HttpRoute, httpRoutes, type SocketRoute, socketRoutes } from '../edge/route-table.ts';
import { type RequestFacts, withBasicToken } from '../edge/web/request-facts.ts';
import { explainEnd } from '../ports/explain-end.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';
import type { ApiParts, Exchange } from './exchange.ts';
import { httpHandlers, socketHandlers } from './route-handlers.ts';

/** The dependencies of routes. */
export interface RouteContext extends ApiParts {
  readonly log: Log;
  readonly gate: Gate;
  /** Aborted when the daemon stops. */
  readonly shutdownSignal: AbortSignal;
}

/** Handles a request that is not an RPC. Never rejects. */
export async function routeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
  context: RouteContext,
): Promise<void> {
  const left = new AbortController();
  const abort = (): void => left.abort(new OperationError('CANCELED', 'The caller disconnected.'));
  response.once('close', abort);
  try {
    const isGuest = facts.listener.kind === 'guest';
    const routes = httpRoutes.filter(({ isForGuests }) => !isGuest || isForGuests === true);
    const found = findHttpRoute<HttpRoute>(routes, request);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    const shown = found.route.takesBasic === true ? withBasicToken(facts) : facts;
    const ask = { request, facts: shown, isChange: !isReading, isLong: false };
    const { exchange, vm } = await enter(found, ask, left.signal, context, { response });
    try {
      await httpHandlers[found.route.name](exchange);
      await exchange.pass.close();
    } catch (error) {
      const why = await reasonOf(error, vm, exchange.signal);
      await exchange.pass.close(why);
      throw why;
    }
  } catch (error) {
    answerError(response, error, context.log);
  } finally {
    response.off('close', abort);
  }
}

/** Handles a request to upgrade to a WebSocket. Never rejects. */
export async function routeUpgrade(upgrade: Upgrade, facts: RequestFacts, context: RouteContext): Promise<void> {
  const { request, socket, head, sockets } = upgrade;
  const left = new AbortController();
  const leave = (): void => left.abort(new OperationError('CANCELED', 'The caller disconnected.'));
  socket.once('close', leave);
  let opened: Entered<object> | undefined;
  try {
    const found = findRoute<SocketRoute>(socketRoutes, request);
    const ask = { request, facts, isChange: false, isLong: found.route.beginsLater !== true };
    opened = await enter(found, ask, left.signal, context, {});
    const { exchange, vm } = opened;
    if (socket.destroyed) throw left.signal.reason;
    let isJoined = false;
    sockets.handleUpgrade(request, socket, head, (client) => {
      isJoined = true;
      // A broken connection emits "close" afterwards.
      client.on('error', (error) => exchange.log.debug('api.socket-error', { error: error.message }));
      void serveSocket(client, found.route, exchange, vm);
    });
    // The handshake was invalid and has already been rejected.
    if (!isJoined) await exchange.pass.close();
  } catch (error) {
    await opened?.exchange.pass.close(error);
    refuseUpgrade(socket, error, context.log);
  }
}

interface Entered<Extra> {
  readonly exchange: Exchange & Extra;
  readonly vm: VmApi | undefined;
}

/** Passes the request through the gate, with the VM that the path names. */
async function enter<Extra extends object>(
  { route, parameters, query }: Found<RouteFacts>,
  ask: Pick<Exchange, 'request'> & Pick<Entry, 'isChange' | 'isLong'> & { readonly facts: RequestFacts },
  left: AbortSignal,
  { gate, node, history, runs, terminals, topics, log, shutdownSignal }: RouteContext,
  extra: Extra,
): Promise<Entered<Extra>> {
  const { request, facts, isChange, isLong } = ask;
  const { privilege, action, command, describe } = route;
  const visitor = await (privilege === 'public' ? gate.identifyOrStranger(facts) : gate.identify(facts));
  const asked = { action, command, parameters: describe?.(query) ?? {} };
  const common = { visitor, privilege, isChange, isLong, ...asked };
  const vm = await findRouteVm(route, parameters['vm'], common, { gate, node });
  const pass = await gate.open({ ...common, target: vm ?? route.where ?? 'everywhere', vm });
  const signal = AbortSignal.any([left, pass.signal, shutdownSignal]);
  const exchange = {
    ...extra,
    visitor,
    pass,
    gate,
    node,
    history,
    runs,
    terminals,
    topics,
    parameters,
    query,
    request,
    signal,
    log: vm === undefined ? log : log.with({ vm: vm.name }),
    get vm(): VmApi {
      if (vm === undefined) throw new Error(`the path ${route.path} has no {vm}`);
      return vm;
    },
  };
  try {
    if (route.vmAction !== undefined) vm?.assertAllowed(route.vmAction);
  } catch (error) {
    await pass.close(error);
    throw error;
  }
  return { exchange, vm };
}

async function findRouteVm(
  route: RouteFacts,
  name: string | undefined,
  entry: Omit<Entry, 'target'>,
  { gate, node }: { gate: Gate; node: NodeApi },
): Promise<VmApi | undefined> {
  const { caller } = entry.visitor;
  // Without a caller, the gate refuses the request.
  if (name === undefined || caller.via === 'anonymous') return undefined;
  try {
    checkPage(entry);
    return findVm(node, name, { caller, privilege: route.privilege });
  } catch (error) {
    await gate.refuse({ ...entry, target: 'everywhere', parameters: { vm: name, ...entry.parameters } }, error);
    throw error;
  }
}

async function serveSocket(
  client: WebSocket,
  route: SocketRoute,
  exchange: Exchange,
  vm: VmApi | undefined,
): Promise<void> {
  const { pass, signal, log } = exchange;
  try {
    await socketHandlers[route.name](client, exchange);
    // The end of a session fails its requests, even if the handler treats an abort as success.
    pass.signal.throwIfAborted();
    await pass.close();
  } catch (error) {
    const why = await reasonOf(error, vm, signal);
    await pass.close(why);
    closeWithError(client, why, log);
  }
}

/** The abort's reason if there is one, since the error is its consequence. */
async function reasonOf(error: unknown, vm: VmApi | undefined, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return signal.reason;
  return vm === undefined ? error : await explainEnd(error, vm, signal);
}
