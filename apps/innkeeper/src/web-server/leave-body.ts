import { constants, Http2ServerRequest } from 'node:http2';
import type { AnyRequest } from './request-facts.ts';

/** A client that still sends needs a moment to see the answer. */
const graceMs = 1000;

/**
 * The rest of a request's body is not wanted; an error has been answered. In HTTP/2 a reset would overtake the answer, so
 * what comes in the next second is thrown away first. In HTTP/1.1 the answer says `connection: close`.
 */
export function leaveBody(request: AnyRequest): void {
  if (!(request instanceof Http2ServerRequest) || request.complete) return;
  const { stream } = request;
  request.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), graceMs);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}
