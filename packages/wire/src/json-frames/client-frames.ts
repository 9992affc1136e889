import { JsonFrameReceiver } from './frame-receiver.ts';
import { maxJsonFrameBytes } from './limits.ts';

/** A request of a client: a 4-byte big-endian length and the JSON. Undefined if it is longer than a frame. */
export function jsonFrameRequest(request: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> | undefined {
  const body = new TextEncoder().encode(JSON.stringify(request));
  if (body.length > maxJsonFrameBytes) return undefined;
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

/** What an agent answered: the fields of a success, its error, or bytes that are neither. */
export type JsonFrameAnswer =
  | { readonly type: 'ok'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'malformed'; readonly why: string };

/** The one answer of a connection. Memory is taken as bytes arrive, not as the length promises. */
export class JsonFrameAnswerReader {
  readonly #receiver = new JsonFrameReceiver();

  /** Takes bytes; undefined while the answer is not complete. What follows it is dropped. */
  push(bytes: Uint8Array): JsonFrameAnswer | undefined {
    const [first] = this.#receiver.push(bytes);
    if (first?.type !== 'oversize') return first && parseAnswer(first.body);
    return { type: 'malformed', why: `An answer of ${first.lengthBytes} bytes is longer than a frame.` };
  }
}

function parseAnswer(body: Uint8Array): JsonFrameAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    answer = undefined;
  }
  if (typeof answer === 'object' && answer !== null) {
    const fields = answer as Readonly<Record<string, unknown>>;
    if (fields['status'] === 'ok') return { type: 'ok', fields };
    const { message } = fields;
    if (fields['status'] === 'error' && typeof message === 'string') return { type: 'error', message };
  }
  return { type: 'malformed', why: 'An answer is not {"status": "ok", …} or {"status": "error", "message": …}.' };
}
