import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperationError } from '@innkeeper/contract';
import { kib, onAbort } from '@innkeeper/kit';
import type { Upgrade } from '../edge-server.ts';
import type { EdgeContext, HttpEdgeContext, RouteFacts } from '../http-route.ts';
import { isSecurePage, type RequestFacts } from '../web/request-facts.ts';
import { parsePort } from './parse-port.ts';
import { enterPath, grantCookie, type PortAccess } from './port-address.ts';
import { grantedAddress } from './port-entrance.ts';
import type { PortGrants } from './port-grants.ts';
import { corsHeaders, headersFromGuest, headersToGuest, notForPorts } from './port-headers.ts';

/** Who may see pages of a guest, and what the audit has of it: requests share an entry. */
export const portRoute: RouteFacts = {
  path: '/v1/vms/{vm}/ports/{port}/…',
  privilege: 'guest.connect',
  vmAction: 'guest',
  action: 'guest.connect',
};

/** What pages of a guest need, wherever they are served. */
export interface PortContext extends Pick<EdgeContext, 'identified' | 'call' | 'request' | 'signal'> {
  readonly portGrants: PortGrants;
  /** Connects to a port of the VM. Who asks destroys the stream. */
  readonly connect: (port: number, signal: AbortSignal) => Promise<Duplex>;
}

/** Of an answer of a program. */
const maxHeaderBytes = 32 * kib;
/** A program that does not begin to answer. */
const answerMs = 120_000;

/** Forwards a request to a program that speaks HTTP, or sends a user of the web console to the address with a grant. */
export async function servePort(
  context: PortContext & Pick<HttpEdgeContext, 'response'>,
  facts: RequestFacts,
  port: PortAccess,
): Promise<void> {
  const { request, response, identified, portGrants } = context;
  const number = parsePort(port.port);
  if (!port.isGranted && identified.caller.session !== undefined) {
    const location = grantedAddress(facts, port, portGrants);
    if (location === undefined) throw new OperationError('SESSION_EXPIRED', 'The session has ended.');
    // The request with the grant connects to the guest.
    context.call.forget();
    response.writeHead(303, { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end();
    return;
  }
  if (port.ownHost !== undefined && port.rest.startsWith(enterPath)) {
    context.call.forget();
    enter(response, facts, port);
    return;
  }
  const cors = corsHeaders(request.headers, port);
  if (request.method === 'OPTIONS' && 'access-control-allow-origin' in cors) {
    answerPreflight(request, response, cors);
    return;
  }
  await using outgoing = await ask(context, facts, port, number);
  sendBody(request, outgoing.request);
  const answer = await outgoing.answer;
  begin(response, answer, { ...headersFromGuest(answer.headers, port), ...cors });
  try {
    await pipeline(answer, response);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new OperationError('TUNNEL_RESET', 'The program broke off in the middle of its answer.', { cause: error });
  }
}

/** Joins a browser's WebSocket with that of a program. Resolves when both are closed. */
export async function servePortUpgrade(
  context: PortContext,
  { request, socket, head }: Upgrade,
  facts: RequestFacts,
  port: PortAccess,
): Promise<void> {
  const number = parsePort(port.port);
  if (!port.isGranted && context.identified.caller.session !== undefined)
    throw new OperationError('ORIGIN_REFUSED', 'A page of a guest uses the address with its grant.');
  if (request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw new OperationError('UNKNOWN_METHOD', 'Only WebSockets are forwarded.');
  await using outgoing = await ask(context, facts, port, number, { connection: 'Upgrade', upgrade: 'websocket' });
  outgoing.request.end();
  const { answer, stream, first } = await outgoing.upgraded;
  await context.call.begin();
  const headers = Object.entries({ ...headersFromGuest(answer.headers, port) }).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}\r\n`),
  );
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${headers.join('')}\r\n`,
  );
  if (first.length > 0) socket.write(first);
  if (head.length > 0) stream.write(head);
  const stop = onAbort(context.signal, () => socket.destroy());
  try {
    await Promise.all([pipeline(stream, socket), pipeline(socket, stream)]);
  } catch (error) {
    context.signal.throwIfAborted();
    // Either side may leave at any time.
    if (!isLeaving(error)) throw error;
  } finally {
    stop();
    socket.destroy();
  }
}

interface Outgoing extends AsyncDisposable {
  readonly request: ClientRequest;
  /** Rejects if the program does not answer in HTTP. */
  readonly answer: Promise<IncomingMessage>;
  readonly upgraded: Promise<{ readonly answer: IncomingMessage; readonly stream: Duplex; readonly first: Buffer }>;
}

async function ask(
  { connect, request, signal }: PortContext,
  facts: RequestFacts,
  port: PortAccess,
  number: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Outgoing> {
  const stream = await connect(number, signal);
  const seen = { isSecure: isSecurePage(facts), host: facts.host ?? 'localhost' };
  const outgoing = httpRequest({
    createConnection: () => stream,
    method: request.method ?? 'GET',
    path: port.rest,
    headers: { ...headersToGuest(request.headers, port, seen), connection: 'close', ...more },
    maxHeaderSize: maxHeaderBytes,
    setHost: false,
  });
  const timer = setTimeout(
    () => outgoing.destroy(new OperationError('TUNNEL_TIMEOUT', `Port ${number} did not answer.`)),
    answerMs,
  );
  const failed = new Promise<never>((_, reject) =>
    outgoing.on('error', (error) => reject(explain(error, stream, number))),
  );
  failed.catch(() => undefined);
  const begun = <T>(work: Promise<T>): Promise<T> => {
    const first = Promise.race([work, failed]).finally(() => clearTimeout(timer));
    first.catch(() => undefined);
    return first;
  };
  return {
    request: outgoing,
    answer: begun(new Promise((resolve) => outgoing.once('response', resolve))),
    upgraded: begun(
      new Promise((resolve, reject) => {
        outgoing.once('upgrade', (answer, upgraded, first) => resolve({ answer, stream: upgraded, first }));
        outgoing.once('response', ({ statusCode }) =>
          reject(
            new OperationError('TUNNEL_REFUSED', `The program refused the WebSocket with HTTP status ${statusCode}.`),
          ),
        );
      }),
    ),
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer);
      outgoing.destroy();
      stream.destroy();
    },
  };
}

/** A program may answer before it has read everything, or anything; what breaks is reported by the answer. */
function sendBody(request: IncomingMessage, outgoing: ClientRequest): void {
  const isBare = request.method === 'GET' || request.method === 'HEAD';
  if (isBare && request.headers['content-length'] === undefined) outgoing.end();
  else pipeline(request, outgoing).catch(() => undefined);
}

function begin(response: ServerResponse, { statusCode = 0 }: IncomingMessage, headers: OutgoingHttpHeaders): void {
  for (const name of notForPorts) response.removeHeader(name);
  try {
    response.writeHead(statusCode, headers);
  } catch (error) {
    throw new OperationError('TUNNEL_NOT_HTTP', 'The program sent an invalid answer.', { cause: error });
  }
  response.flushHeaders();
}

/** The cause: what broke the stream, or that the program does not speak HTTP. */
function explain(error: NodeJS.ErrnoException, stream: Duplex, number: number): unknown {
  if (error instanceof OperationError) return error;
  if (stream.errored instanceof OperationError) return stream.errored;
  const why = error.code === 'HPE_HEADER_OVERFLOW' ? 'sends too many headers' : 'does not answer in HTTP';
  return new OperationError('TUNNEL_NOT_HTTP', `The program at port ${number} ${why}.`, { cause: error });
}

/** On an origin of its own: moves the grant from the address into a cookie. */
function enter(response: ServerResponse, facts: RequestFacts, port: PortAccess): void {
  if (!port.isGranted) throw new OperationError('SESSION_EXPIRED', 'The address has expired: open the port again.');
  const isSecure = facts.listener.portsDomain?.scheme === 'https' || isSecurePage(facts);
  const name = `${isSecure ? '__Host-' : ''}${grantCookie}`;
  const rest = port.rest.slice(enterPath.length + (port.grant ?? '').length);
  response
    .writeHead(303, {
      // "//" would lead to another server.
      location: `/${rest.replace(/^\/+/, '')}`,
      'set-cookie': `${name}=${port.grant}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    .end();
}

function answerPreflight(request: IncomingMessage, response: ServerResponse, cors: object): void {
  const wanted = request.headers['access-control-request-headers'];
  response
    .writeHead(204, {
      ...cors,
      'access-control-allow-methods': String(request.headers['access-control-request-method'] ?? 'GET').slice(0, 40),
      ...(wanted === undefined ? {} : { 'access-control-allow-headers': String(wanted).slice(0, 4096) }),
      'access-control-max-age': '600',
    })
    .end();
}

function isLeaving(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof OperationError || ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code ?? '');
}
