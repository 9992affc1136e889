import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { linkSignals } from '@innkeeper/kit';
import { authorize } from '../access/authorize.ts';
import { answerError, refuseUpgrade } from '../edge/answer-error.ts';
import type { Upgrade } from '../edge/edge-server.ts';
import type { PortAccess } from '../edge/ports/port-address.ts';
import { type PortContext, portRoute, servePort, servePortUpgrade } from '../edge/ports/port-route.ts';
import type { RequestFacts } from '../edge/web/request-facts.ts';
import { closeForward, openForward } from './forward-gate.ts';
import { NodeTunnel } from './node-tunnel.ts';
import type { RelayContext } from './relay-context.ts';

/** Serves a request for a page of a guest, over a tunnel of the node. Never rejects. */
export async function relayPort(
  request: IncomingMessage,
  response: ServerResponse,
  { facts, port }: { readonly facts: RequestFacts; readonly port: PortAccess },
  context: RelayContext,
): Promise<void> {
  const left = linkSignals(context.shutdownSignal);
  const abort = (): void => left.abort(new OperationError('CANCELED', 'The caller left.'));
  response.once('close', abort);
  const isChange = request.method !== 'GET' && request.method !== 'HEAD';
  try {
    await entered({ request, facts, port, isChange, left: left.signal }, context, (entry) =>
      servePort({ ...entry, response }, facts, port),
    );
  } catch (error) {
    answerError(response, error, context.log);
  } finally {
    response.off('close', abort);
    left.unlink();
  }
}

/** The same for a WebSocket. Never rejects. */
export async function relayPortUpgrade(
  upgrade: Upgrade,
  { facts, port }: { readonly facts: RequestFacts; readonly port: PortAccess },
  context: RelayContext,
): Promise<void> {
  const { request, socket } = upgrade;
  const left = linkSignals(context.shutdownSignal);
  socket.once('close', () => left.abort(new OperationError('CANCELED', 'The caller left.')));
  try {
    await entered({ request, facts, port, isChange: false, left: left.signal }, context, (entry) =>
      servePortUpgrade(entry, upgrade, facts, port),
    );
  } catch (error) {
    refuseUpgrade(socket, error, context.log);
  } finally {
    left.unlink();
  }
}

interface Asked {
  readonly request: IncomingMessage;
  readonly facts: RequestFacts;
  readonly port: PortAccess;
  readonly isChange: boolean;
  readonly left: AbortSignal;
}

/** Through the control plane's part of the gate. The node asks for the privilege when a tunnel is opened, and audits it. */
async function entered(
  { request, facts, port, isChange, left }: Asked,
  { gate, link, portGrants }: RelayContext,
  serve: (context: PortContext) => Promise<void>,
): Promise<void> {
  const identified = await gate.identify(facts);
  if (identified.caller.via === 'anonymous') authorize(identified.caller, portRoute.privilege, 'somewhere');
  const parameters = { vm: port.vm, target: `port ${port.port}` };
  const entry = { identified, isChange, action: portRoute.action, parameters };
  const call = await openForward(gate, entry);
  const either = linkSignals(left, call.signal);
  try {
    await serve({
      identified,
      call,
      request,
      signal: either.signal,
      portGrants,
      connect: (number, signal) => NodeTunnel.connect({ vm: port.vm, port: number, identified, signal }, link),
    });
    await call.close();
  } catch (error) {
    const why: unknown = either.signal.aborted ? either.signal.reason : error;
    await closeForward(gate, entry, call, why);
    throw why;
  } finally {
    either.unlink();
  }
}
