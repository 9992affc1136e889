import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { type Log, linkSignals } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { answerError, closeWithError, ignoreMessages, refuseUpgrade } from '../edge/answer-error.ts';
import type { Upgrade } from '../edge/edge-server.ts';
import { type Found, findHttpRoute, findRoute } from '../edge/find-route.ts';
import { type AccessRequest, checkPage, type Gate } from '../edge/gate.ts';
import type { RouteFacts } from '../edge/http-route.ts';
import { findVm } from '../edge/method-target.ts';
import type { PortAccess } from '../edge/ports/port-address.ts';
import { type PortContext, portRoute, servePort, servePortUpgrade } from '../edge/ports/port-route.ts';
import { type HttpRoute, httpRoutes, type SocketRoute, socketRoutes } from '../edge/route-table.ts';
import { type RequestFacts, withBasicToken } from '../edge/web/request-facts.ts';
import { explainEnd } from '../ports/explain-end.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';
import type { ApiContext, ApiParts, HttpApiContext } from './api-context.ts';
import { httpHandlers, socketHandlers } from './route-handlers.ts';
import { connectToGuest } from './tunnel/connect-to-guest.ts';

/** The dependencies of routes. */
export interface RouteParts extends ApiParts {
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
  parts: RouteParts,
): Promise<void> {
  const left = linkSignals(parts.shutdownSignal);
  const abort = (): void => left.abort(new OperationError('CANCELED', 'The caller disconnected.'));
  response.once('close', abort);
  try {
    const { found, serve } = handlerOf(request, facts);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    const shown = found.route.takesBasic === true ? withBasicToken(facts) : facts;
    const ask = { request, facts: shown, isChange: !isReading, isLong: false };
    const { context, vm } = await enter(found, ask, left.signal, parts, { response });
    try {
      await serve(context);
      await context.call.close();
    } catch (error) {
      const why = await reasonOf(error, vm, context.signal);
      await context.call.close(why);
      throw why;
    }
  } catch (error) {
    answerError(response, error, parts.log);
  } finally {
    response.off('close', abort);
    left.unlink();
  }
}

interface Served {
  readonly found: Found<RouteFacts>;
  readonly serve: (context: HttpApiContext) => Promise<void>;
}

/** What answers a request: a page of a guest by itself, whatever its method. */
function handlerOf(request: IncomingMessage, facts: RequestFacts): Served {
  const { port, listener } = facts;
  if (port !== undefined)
    return { found: foundPort(port), serve: (context) => servePort(connecting(context), facts, port) };
  const isGuest = listener.kind === 'guest';
  const routes = httpRoutes.filter(({ isForGuests }) => !isGuest || isForGuests === true);
  const found = findHttpRoute<HttpRoute>(routes, request);
  return { found, serve: httpHandlers[found.route.name] };
}

function connecting<Context extends ApiContext>(context: Context): Context & PortContext {
  return Object.assign(context, {
    connect: (port: number, signal: AbortSignal) => connectToGuest(context, port, signal),
  });
}

function foundPort({ vm, port }: PortAccess): Found<RouteFacts> {
  return { route: portRoute, parameters: { vm, port }, query: new URLSearchParams() };
}

/** Handles a request to upgrade to a WebSocket. Never rejects. */
export async function routeUpgrade(upgrade: Upgrade, facts: RequestFacts, parts: RouteParts): Promise<void> {
  const { request, socket, head, sockets } = upgrade;
  const left = linkSignals(parts.shutdownSignal);
  socket.once('close', () => {
    left.abort(new OperationError('CANCELED', 'The caller disconnected.'));
    left.unlink();
  });
  let opened: Entered<object> | undefined;
  try {
    if (facts.port !== undefined) {
      opened = await enter(
        foundPort(facts.port),
        { request, facts, isChange: false, isLong: false },
        left.signal,
        parts,
        {},
      );
      await servePortUpgrade(connecting(opened.context), upgrade, facts, facts.port);
      await opened.context.call.close();
      return;
    }
    const found = findRoute<SocketRoute>(socketRoutes, request);
    const ask = { request, facts, isChange: false, isLong: found.route.beginsLater !== true };
    opened = await enter(found, ask, left.signal, parts, {});
    const { context, vm } = opened;
    if (socket.destroyed) throw left.signal.reason;
    let isJoined = false;
    sockets.handleUpgrade(request, socket, head, (client) => {
      isJoined = true;
      // A broken connection emits "close" afterwards.
      client.on('error', (error) => context.log.debug('api.socket-error', { error: error.message }));
      void serveSocket(client, found.route, context, vm);
    });
    // The handshake was invalid and has already been rejected.
    if (!isJoined) await context.call.close();
  } catch (error) {
    await opened?.context.call.close(error);
    refuseUpgrade(socket, error, parts.log);
  }
}

interface Entered<Extra> {
  readonly context: ApiContext & Extra;
  readonly vm: VmApi | undefined;
}

/** Passes the request through the gate, with the VM that the path names. */
async function enter<Extra extends object>(
  { route, parameters, query }: Found<RouteFacts>,
  ask: Pick<ApiContext, 'request'> & Pick<AccessRequest, 'isChange' | 'isLong'> & { readonly facts: RequestFacts },
  left: AbortSignal,
  { gate, node, history, runs, terminals, topics, tunnels, portGrants, log }: RouteParts,
  extra: Extra,
): Promise<Entered<Extra>> {
  const { request, facts, isChange, isLong } = ask;
  const { privilege, action, command, describe } = route;
  const identified = await (privilege === 'public' ? gate.identifyOrStranger(facts) : gate.identify(facts));
  const described = describe?.(query) ?? {};
  // A page makes many requests.
  const shared = facts.port === undefined ? described : { target: `port ${facts.port.port}` };
  const isCoalesced = facts.port !== undefined || route.isCoalesced === true;
  const audited = isCoalesced ? { isCoalesced, shared } : { parameters: described };
  const common = { identified, privilege, isChange, isLong, action, command, ...audited };
  const vm = await findRouteVm(route, parameters['vm'], common, { gate, node });
  const call = await gate.open({ ...common, target: vm ?? route.where ?? 'everywhere', vm });
  // Both end with the request, and their listeners with them.
  const { signal } = linkSignals(left, call.signal);
  const context = {
    ...extra,
    identified,
    call,
    gate,
    node,
    history,
    runs,
    terminals,
    topics,
    tunnels,
    portGrants,
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
    await call.close(error);
    throw error;
  }
  return { context, vm };
}

async function findRouteVm(
  route: RouteFacts,
  name: string | undefined,
  wanted: Omit<AccessRequest, 'target'>,
  { gate, node }: { gate: Gate; node: NodeApi },
): Promise<VmApi | undefined> {
  const { caller } = wanted.identified;
  // Without a caller, the gate refuses the request.
  if (name === undefined || caller.via === 'anonymous') return undefined;
  try {
    checkPage(wanted);
    return findVm(node, name, { caller, privilege: route.privilege });
  } catch (error) {
    await gate.refuse({ ...wanted, target: 'everywhere', parameters: { vm: name, ...wanted.parameters } }, error);
    throw error;
  }
}

async function serveSocket(
  client: WebSocket,
  route: SocketRoute,
  context: ApiContext,
  vm: VmApi | undefined,
): Promise<void> {
  const { call, signal, log } = context;
  try {
    await socketHandlers[route.name](client, context);
    // The end of a session fails its requests, even if the handler treats an abort as success.
    call.signal.throwIfAborted();
    await call.close();
  } catch (error) {
    const why = await reasonOf(error, vm, signal);
    await call.close(why);
    closeWithError(client, why, log);
  } finally {
    ignoreMessages(client);
  }
}

/** The abort's reason if there is one, since the error is its consequence. */
async function reasonOf(error: unknown, vm: VmApi | undefined, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return signal.reason;
  return vm === undefined ? error : await explainEnd(error, vm, signal);
}
