import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { type Log, onAbort } from '@innkeeper/kit';
import { callerHeader, encodeCaller } from '../access/forwarded-caller.ts';
import { errorHeader, toHttpError } from '../edge/api-error.ts';
import type { IdentifiedRequest } from '../edge/gate.ts';
import { endBroken } from '../edge/web/end-broken.ts';
import { closesEarly, leaveBody } from '../edge/web/leave-body.ts';
import { headersFromNode, headersToNode, knownTrailers } from './forward-headers.ts';
import type { NodeLink } from './node-link.ts';
import { nodeUnreachable } from './node-unreachable.ts';

export interface ForwardedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identified: IdentifiedRequest;
  /** Aborted when the client leaves, the session ends or the control plane stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Has the node answer a request: bodies and their trailers go through both ways as they come, no faster than the slower
 * side takes them. Resolves when the answer is over. Fails with NODE_UNREACHABLE, or the signal's reason.
 */
export async function forwardRequest(context: ForwardedRequest, link: NodeLink): Promise<void> {
  const { request, response, identified, signal } = context;
  signal.throwIfAborted();
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const headers = { ...headersToNode(request.headers, hasBody), [callerHeader]: encodeCaller(identified.caller) };
  const outgoing = link.request(request.method ?? 'GET', request.url ?? '/', headers);
  const stopWaiting = onAbort(signal, () => void outgoing.destroy());
  try {
    const answered = responseOf(outgoing);
    // Nobody waits for it when the body cannot even be begun.
    answered.catch(() => undefined);
    if (hasBody) sendBody(request, outgoing);
    else outgoing.end();
    const answer = await answered;
    link.note(true);
    await answerWith(answer, context, link);
  } catch (error) {
    outgoing.destroy();
    throw signal.aborted ? signal.reason : nodeUnreachable(link, error);
  } finally {
    stopWaiting();
    // An answer that came before the whole body: the rest is for nobody.
    request.unpipe(outgoing);
    if (!request.complete) {
      outgoing.destroy();
      leaveBody(response.req);
    }
  }
}

function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // After the answer has begun, this is what became of the rest of the body, which the answer tells.
    outgoing.on('error', reject);
  });
}

/** The client's body, and whether it came whole. */
function sendBody(request: IncomingMessage, outgoing: ClientRequest): void {
  request.pipe(outgoing, { end: false });
  request.once('end', () => {
    if (!isWhole(request)) {
      outgoing.destroy();
      return;
    }
    // Only a body without an announced length can have trailers.
    if (request.headers['content-length'] === undefined) outgoing.addTrailers(knownTrailers(request.trailers));
    outgoing.end();
  });
  request.once('error', () => outgoing.destroy());
}

/** HTTP/2 ends a stream that was reset like one that is complete. */
function isWhole(request: IncomingMessage): boolean {
  const either: unknown = request;
  return request.complete && !(either instanceof Http2ServerRequest && either.aborted);
}

async function answerWith(
  answer: IncomingMessage,
  { request, response, log }: ForwardedRequest,
  link: NodeLink,
): Promise<void> {
  const headers = headersFromNode(answer.headers, request.method !== 'HEAD');
  response.writeHead(answer.statusCode ?? 502, closesEarly(request) ? { ...headers, connection: 'close' } : headers);
  response.flushHeaders();
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const broke = new Error('the node broke off in the middle of an answer');
  answer.once('end', () => (answer.complete ? resolve() : reject(broke)));
  answer.once('error', reject);
  answer.once('close', () => reject(broke));
  response.once('close', () => reject(new Error('the client left')));
  answer.pipe(response, { end: false });
  try {
    await over;
  } catch (error) {
    answer.destroy();
    const canTell = String(headers['trailer'] ?? '').includes('x-innkeeper-error');
    if (canTell && !response.destroyed) {
      const { body } = toHttpError(nodeUnreachable(link, error), log);
      endBroken(request, response, errorHeader(body));
    }
    throw error;
  }
  const why = answer.trailers['x-innkeeper-error'];
  if (why !== undefined) {
    endBroken(request, response, why);
    return;
  }
  response.addTrailers(knownTrailers(answer.trailers));
  response.end();
}
