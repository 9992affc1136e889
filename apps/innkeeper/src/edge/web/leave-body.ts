import { constants, Http2ServerRequest } from 'node:http2';
import type { AnyRequest } from './request-facts.ts';

/** A client that still sends needs a moment to see the answer. */
const graceMs = 1000;

/** Requests of control planes, which stop by themselves to send what was answered. */
const patient = new WeakSet<object>();

/** The connection of this request stays when it is answered early: its sender reads the answer while it still sends. */
export function keepAfterAnswer(request: AnyRequest): void {
  patient.add(request);
}

/** Whether the connection closes with an answer that comes before the whole body. */
export function closesEarly(request: AnyRequest): boolean {
  return request.httpVersionMajor === 1 && !patient.has(request);
}

/**
 * The rest of a request's body is not wanted; an error has been answered. In HTTP/2 a reset would overtake the answer, so
 * what comes in the next second is thrown away first. In HTTP/1.1 the answer says `connection: close`, but to a control
 * plane: closing would take the answer away from under it.
 */
export function leaveBody(request: AnyRequest): void {
  if (patient.has(request)) request.resume();
  if (!(request instanceof Http2ServerRequest) || request.complete) return;
  const { stream } = request;
  request.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), graceMs);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}
