import type { Base64Ops } from '../byte-ops.ts';
import { ContentDecoder } from './content-decoder.ts';
import { JsonBuilder } from './json-builder.ts';
import { JsonLexer } from './json-lexer.ts';
import { Content, type JsonValue } from './json-value.ts';
import { maxRequestTextBytes } from './limits.ts';
import { RepeatedRequests } from './repeated-requests.ts';

/**
 * What arrives: a value, which should be a request; an error that is to be answered; or the next bytes of a content, a
 * view that is valid until the next one is pulled. A content belongs to the next value; an error before that drops it.
 */
export type QgaIncoming =
  | { readonly type: 'value'; readonly value: JsonValue }
  | { readonly type: 'error'; readonly problem: string }
  | { readonly type: 'content'; readonly bytes: Uint8Array };

/** Arguments whose text is passed on while it arrives, since it can have tens of megabytes. */
const contents: readonly string[] = ['buf-b64', 'input-data'];

/**
 * Reads requests from a stream of bytes, however they are cut or joined. Holds at most `maxRequestTextBytes` of one,
 * and no content.
 */
export class QgaReceiver {
  readonly #ops: Base64Ops;
  readonly #lexer = new JsonLexer(maxRequestTextBytes);
  readonly #builder = new JsonBuilder();
  readonly #repeated = new RepeatedRequests();
  #decoder: ContentDecoder | undefined;

  constructor(ops: Base64Ops) {
    this.#ops = ops;
  }

  /** Whether a request has begun and not ended. */
  get isPending(): boolean {
    return this.#lexer.isPending || this.#builder.isPending;
  }

  /** What these bytes complete, found as it is pulled. */
  *push(bytes: Uint8Array): Generator<QgaIncoming, void> {
    const key = this.#isBetween ? this.#repeated.keyOf(bytes) : undefined;
    const known = key === undefined ? undefined : this.#repeated.get(key);
    if (known !== undefined) {
      yield { type: 'value', value: known };
      return;
    }
    let [count, only]: [number, JsonValue | undefined] = [0, undefined];
    for (const incoming of this.#read(bytes)) {
      count++;
      if (incoming.type === 'value') only = incoming.value;
      yield incoming;
    }
    if (key !== undefined && count === 1 && only !== undefined && this.#isBetween) this.#repeated.add(key, only);
  }

  /** The same bytes always mean the same to a reader that is here. */
  get #isBetween(): boolean {
    return this.#lexer.isAtStart && this.#builder.isFresh && this.#decoder === undefined;
  }

  *#read(bytes: Uint8Array): Generator<QgaIncoming, void> {
    let at = 0;
    while (at < bytes.length) {
      this.#lexer.wantsContent = isQuote(bytes[at]) && this.#isContentNext();
      const from = at;
      at = this.#lexer.step(bytes, at);
      const { token } = this.#lexer;
      if (token === undefined) {
        const problem = this.#lexer.hasSkipped ? this.#builder.addBlanks(at - from) : undefined;
        if (problem !== undefined) yield problem;
        continue;
      }
      if (token.kind === 'content') {
        const decoder = this.#openContent();
        const { decoded, at: reached } = decoder.push(bytes, token.from, token.to);
        if (reached < token.to) {
          // It may be a byte that ends the text, such as 0xFF; the lexer knows.
          if (decoder.isValid) at = reached;
          this.#lexer.lookClosely();
          decoder.isValid = false;
        }
        if (decoder.isValid && decoded.length > 0) yield { type: 'content', bytes: decoded };
        continue;
      }
      if (token.kind === 'escaped') {
        const decoder = this.#openContent();
        const char = new Uint8Array([token.char]);
        const { decoded, at: reached } = decoder.push(char, 0, 1);
        decoder.isValid &&= reached === 1 && token.char >= 0 && token.char < 256;
        if (decoder.isValid && decoded.length > 0) yield { type: 'content', bytes: decoded };
        continue;
      }
      const event = token.kind === 'content-end' ? this.#endContent() : this.#builder.add(token);
      if (token.kind === 'stray') this.#decoder = undefined;
      if (event !== undefined) yield event;
    }
  }

  /** Its cost grows with the depth, so it is asked for texts only. */
  #isContentNext(): boolean {
    const path = this.#lexer.isPending ? undefined : this.#builder.pathOfNext;
    return path?.length === 2 && path[0] === 'arguments' && contents.includes(path[1] ?? '');
  }

  #openContent(): ContentDecoder {
    this.#decoder ??= new ContentDecoder(this.#ops);
    return this.#decoder;
  }

  #endContent() {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    return this.#builder.addContent(new Content(decoder?.bytes ?? 0, decoder?.isValid ?? true));
  }
}

function isQuote(byte: number | undefined): boolean {
  return byte === 0x22 || byte === 0x27;
}
