import { maxHeadBytes } from './limits.ts';
import { type HttpHead, type HttpRefusal, parseHead } from './parse-head.ts';

/** A whole request; its body is copied. */
export interface HttpRequest extends HttpHead {
  readonly body: Uint8Array;
}

/** `refused`: bytes that are not a request; nothing after them is read. */
export type HttpIncoming =
  | { readonly type: 'request'; readonly request: HttpRequest }
  | { readonly type: 'refused'; readonly refusal: HttpRefusal };

const CR = 13;
const LF = 10;

/** Bytes to requests of HTTP/1.1. Strict: what two readers could understand differently is refused. */
export class HttpRequestReceiver {
  /** The bytes of the head so far, with the empty line at its end. */
  #head: number[] = [];
  #parsed: HttpHead | undefined;
  #body = new Uint8Array(0);
  #filled = 0;
  #isOver = false;

  push(bytes: Uint8Array): HttpIncoming[] {
    const incoming: HttpIncoming[] = [];
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      if (this.#parsed === undefined) this.#takeHead(bytes[at++] as number, incoming);
      else {
        const count = Math.min(bytes.length - at, this.#body.length - this.#filled);
        this.#body.set(bytes.subarray(at, at + count), this.#filled);
        this.#filled += count;
        at += count;
      }
      if (this.#parsed !== undefined && this.#filled === this.#body.length) this.#finish(this.#parsed, incoming);
    }
    return incoming;
  }

  #takeHead(byte: number, incoming: HttpIncoming[]): void {
    const head = this.#head;
    // An empty line before a request is ignored, as RFC 9112 asks.
    if (head.length === 0 && (byte === CR || byte === LF)) return;
    head.push(byte);
    const { length } = head;
    if (byte === LF && head[length - 2] !== CR) this.#refuse({ status: 400, why: 'A line ends without CR.' }, incoming);
    else if (byte === LF && head[length - 3] === LF) this.#endHead(incoming);
    else if (length > maxHeadBytes)
      this.#refuse({ status: 431, why: `The head has more than ${maxHeadBytes} bytes.` }, incoming);
  }

  #endHead(incoming: HttpIncoming[]): void {
    const text = this.#head.slice(0, -4).reduce((all, byte) => all + String.fromCharCode(byte), '');
    const parsed = parseHead(text);
    this.#head = [];
    if ('status' in parsed) {
      this.#refuse(parsed, incoming);
      return;
    }
    this.#parsed = parsed;
    this.#body = new Uint8Array(parsed.bodyBytes);
    this.#filled = 0;
  }

  #finish(head: HttpHead, incoming: HttpIncoming[]): void {
    this.#parsed = undefined;
    incoming.push({ type: 'request', request: { ...head, body: this.#body } });
  }

  #refuse(refusal: HttpRefusal, incoming: HttpIncoming[]): void {
    this.#isOver = true;
    this.#head = [];
    incoming.push({ type: 'refused', refusal });
  }
}
