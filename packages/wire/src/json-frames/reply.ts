import { OperationError } from '@innkeeper/contract/errors';
import type { DialectCall } from '../dialect-call.ts';
import { maxJsonFrameBytes } from './limits.ts';

/** The JSON of a response, in pieces that are written in order. */
export type JsonReply = readonly Uint8Array[];

/** A request of this dialect as a call, whose answers are folded into its response. */
export type JsonCall = DialectCall<JsonReply>;

const encoder = new TextEncoder();

/** A response that succeeded, with these fields. */
export function okReply(fields: Readonly<Record<string, string | number>>): JsonReply {
  return [encoder.encode(JSON.stringify({ status: 'ok', ...fields }))];
}

/** A response that failed: "REASON: what happened". */
export function jsonErrorReply(error: OperationError): JsonReply {
  return [encoder.encode(JSON.stringify({ status: 'error', message: `${error.reason}: ${error.message}` }))];
}

/** A frame: the length and the JSON; an error instead of a response that is longer than a frame. */
export function printJsonFrame(reply: JsonReply): Uint8Array[] {
  const length = reply.reduce((sum, part) => sum + part.length, 0);
  if (length > maxJsonFrameBytes)
    return printJsonFrame(jsonErrorReply(new OperationError('ANSWER_TOO_LARGE', `The response has ${length} bytes.`)));
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, length);
  return [head, ...reply];
}
