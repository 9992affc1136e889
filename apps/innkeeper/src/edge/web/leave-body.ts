import type { IncomingMessage } from 'node:http';
import { constants, Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import { mib } from '@innkeeper/kit';
import type { AnyRequest, AnyResponse } from './request-facts.ts';

/** A client that still sends needs a moment to see the answer. */
const graceMs = 1000;
/** The rest of a body that was announced to be at most this long is discarded; for a longer one the connection closes. */
const maxDiscardedBytes = 8 * mib;

/** Requests of control planes, which stop by themselves to send what was answered. */
const patient = new WeakSet<object>();

/** The connection of this request stays when it is answered early: its sender reads the answer while it still sends. */
export function keepAfterAnswer(request: AnyRequest): void {
  patient.add(request);
}

/** Whether the connection closes with an answer that comes before the whole body. */
export function closesEarly(request: AnyRequest): boolean {
  return (
    request.httpVersionMajor === 1 &&
    !patient.has(request) &&
    !request.complete &&
    (request.destroyed || !isShort(request))
  );
}

function isShort({ headers }: AnyRequest): boolean {
  // One of unknown length can be endless.
  if (headers['transfer-encoding'] !== undefined) return false;
  return Number(headers['content-length'] ?? 0) <= maxDiscardedBytes;
}

/**
 * Discards what was not read of a request's body once it has been answered, whatever answered it: unread bytes would hold
 * up the next request on the connection. In HTTP/2 a reset would overtake the answer, so what arrives in the next second
 * is discarded first. In HTTP/1.1 a long body ends the connection after that second.
 */
export function discardBodyAfter(request: AnyRequest, response: AnyResponse): void {
  // An answer of HTTP/2 says that it is finished only when its stream closes, which waits for the body.
  const written = 'stream' in response ? response.stream : response;
  written.once('finish', () => {
    leaveBody(request);
    if (!closesEarly(request)) return;
    const { socket } = request;
    const timer = setTimeout(() => socket.destroy(), graceMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  });
}

/**
 * The body of a request. A reader that stops in the middle leaves the request and its connection open: the stream’s
 * own iterator would destroy it, and then nothing takes the rest of the body off the connection.
 */
export function bodyOf(request: AnyRequest): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/** The rest of a request's body is not needed: reads and discards it. */
export function leaveBody(request: AnyRequest): void {
  if (request.readableEnded || request.destroyed) return;
  request.resume();
  if (!(request instanceof Http2ServerRequest) || request.complete || patient.has(request)) return;
  const { stream } = request;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), graceMs);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}

/** The last request of each HTTP/1.1 connection. */
const lastRequests = new WeakMap<Socket, IncomingMessage>();

/**
 * Makes the connection of an HTTP/1.1 request close in two steps if the answer comes before the whole body: the rest is
 * read and discarded for a second first. Closing a socket with unread data resets it, and the client would get that
 * (EPIPE) instead of the answer.
 */
export function closeInSteps(request: IncomingMessage): void {
  const { socket } = request;
  const isKnown = lastRequests.has(socket);
  lastRequests.set(socket, request);
  if (isKnown) return;
  const close = socket.destroySoon.bind(socket);
  // What Node calls after the last answer of a connection.
  socket.destroySoon = () => {
    const last = lastRequests.get(socket);
    if (last === undefined || last.complete || socket.destroyed) {
      close();
      return;
    }
    socket.end();
    last.resume();
    const timer = setTimeout(() => socket.destroy(), graceMs);
    last.once('end', close);
    socket.once('close', () => clearTimeout(timer));
  };
}
