/** Largest frame of the dialect, in both directions, without its length. */
const maxFrameBytes = 1024 * 1024;

/** A request of a client: a 4-byte big-endian length and the JSON. Undefined if it is longer than a frame. */
export function jsonFrameRequest(request: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> | undefined {
  const body = new TextEncoder().encode(JSON.stringify(request));
  if (body.length > maxFrameBytes) return undefined;
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
  readonly #head = new Uint8Array(4);
  #headBytes = 0;
  #body = new Uint8Array(0);
  #filled = 0;
  #wanted = 0;

  /** Takes bytes; undefined while the answer is not complete. What follows it is dropped. */
  push(bytes: Uint8Array): JsonFrameAnswer | undefined {
    let rest = bytes;
    while (this.#headBytes < 4 && rest.length > 0) {
      this.#head[this.#headBytes++] = rest[0] as number;
      rest = rest.subarray(1);
      if (this.#headBytes === 4) this.#wanted = new DataView(this.#head.buffer).getUint32(0);
    }
    if (this.#headBytes < 4) return undefined;
    if (this.#wanted > maxFrameBytes)
      return { type: 'malformed', why: `An answer of ${this.#wanted} bytes is longer than a frame.` };
    this.#append(rest.subarray(0, this.#wanted - this.#filled));
    return this.#filled < this.#wanted ? undefined : parseAnswer(this.#body.subarray(0, this.#filled));
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.min(this.#wanted, Math.max(needed, 2 * this.#body.length)));
      grown.set(this.#body.subarray(0, this.#filled));
      this.#body = grown;
    }
    this.#body.set(bytes, this.#filled);
    this.#filled = needed;
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
