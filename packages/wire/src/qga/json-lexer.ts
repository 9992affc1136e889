/** A token of JSON. `content`: bytes of a text that is passed on in pieces, from `from` to `to` of what was pushed. */
export type JsonToken =
  | { readonly kind: 'punctuation' | 'number' | 'keyword' | 'stray'; readonly text: string }
  | { readonly kind: 'text'; readonly raw: Uint8Array }
  | { readonly kind: 'content'; readonly from: number; readonly to: number }
  /** A character of a content that had an escape; -1: base64 has none like it. */
  | { readonly kind: 'escaped'; readonly char: number }
  | { readonly kind: 'content-end' }
  | { readonly kind: 'too-long' };

const quote = 0x22;
const apostrophe = 0x27;
const backslash = 0x5c;
/** No byte of UTF-8: it ends every token, also a text. */
const firstInvalid = 0xfe;
const maxStrayBytes = 64;
/** What base64 may have in a text of JSON. */
const escapes: Readonly<Record<string, number>> = { n: 0x0a, '/': 0x2f };

type State = 'start' | 'text' | 'minus' | 'zero' | 'digits' | 'point' | 'fraction' | 'e' | 'sign' | 'power' | 'keyword';

/**
 * Finds the tokens of a stream of bytes as QEMU's reader does: texts may have single quotes, and after an error
 * everything up to the next control character or bracket, colon or comma is skipped.
 */
export class JsonLexer {
  readonly #maxBytes: number;
  #state: State | 'recovery' = 'start';
  #bytes = new Uint8Array(64);
  #length = 0;
  #quote = quote;
  #isEscape = false;
  #escape = '';
  #isContent = false;
  #isTooLong = false;
  #isClose = false;
  /** What the last step found; undefined: nothing yet. */
  token: JsonToken | undefined;
  /** Whether the last step skipped white space, and nothing else. */
  hasSkipped = false;
  /** Set before a step: a text that begins there is passed on in pieces. */
  wantsContent = false;

  /** @param maxBytes of one token */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether it is within a token. */
  get isPending(): boolean {
    return this.#state !== 'start' && this.#state !== 'recovery';
  }

  /** Whether it is between two tokens, and skips nothing. */
  get isAtStart(): boolean {
    return this.#state === 'start';
  }

  /** Looks at each byte of the content that is being read: one of them is not of base64, and may be of no text. */
  lookClosely(): void {
    this.#isClose = true;
  }

  /** Takes one or more bytes from `at` on; returns where it stopped. */
  step(bytes: Uint8Array, at: number): number {
    this.token = undefined;
    this.hasSkipped = false;
    if (this.#state === 'text') return this.#stepText(bytes, at);
    const byte = bytes[at] ?? 0;
    switch (this.#state) {
      case 'recovery':
        if (byte >= 0x20 && byte < firstInvalid && !isPunctuation(byte)) return at + 1;
        this.#state = 'start';
        return at;
      case 'start':
        return this.#stepStart(bytes, byte, at);
      case 'keyword':
        return isLower(byte) ? this.#keep(byte, at) : this.#end('keyword', at);
      default:
        return this.#stepNumber(this.#state, byte, at);
    }
  }

  #stepStart(bytes: Uint8Array, byte: number, at: number): number {
    if (isBlank(byte)) return this.#skipBlanks(bytes, at + 1);
    if (isPunctuation(byte)) {
      this.token = { kind: 'punctuation', text: String.fromCharCode(byte) };
      return at + 1;
    }
    this.#length = 0;
    this.#isTooLong = false;
    if (byte === quote || byte === apostrophe) {
      this.#state = 'text';
      this.#quote = byte;
      this.#isContent = this.wantsContent;
      this.#isClose = false;
      return at + 1;
    }
    if (byte === 0x2d) return this.#keep(byte, at, 'minus');
    if (isDigit(byte)) return this.#keep(byte, at, byte === 0x30 ? 'zero' : 'digits');
    if (isLower(byte)) return this.#keep(byte, at, 'keyword');
    return this.#stray(byte, at);
  }

  #skipBlanks(bytes: Uint8Array, at: number): number {
    this.hasSkipped = true;
    let end = at;
    while (end < bytes.length && isBlank(bytes[end])) end++;
    return end;
  }

  #stepNumber(state: Exclude<State, 'start' | 'text' | 'keyword'>, byte: number, at: number): number {
    const digit = isDigit(byte);
    if (state === 'minus')
      return digit ? this.#keep(byte, at, byte === 0x30 ? 'zero' : 'digits') : this.#stray(byte, at);
    if (state === 'point') return digit ? this.#keep(byte, at, 'fraction') : this.#stray(byte, at);
    if (state === 'e' && (byte === 0x2b || byte === 0x2d)) return this.#keep(byte, at, 'sign');
    if (state === 'e' || state === 'sign') return digit ? this.#keep(byte, at, 'power') : this.#stray(byte, at);
    if (digit) return state === 'zero' ? this.#stray(byte, at) : this.#keep(byte, at);
    if (byte === 0x2e && (state === 'zero' || state === 'digits')) return this.#keep(byte, at, 'point');
    if ((byte === 0x65 || byte === 0x45) && state !== 'power') return this.#keep(byte, at, 'e');
    return this.#end('number', at);
  }

  #stepText(bytes: Uint8Array, at: number): number {
    let end = at;
    if (this.#isEscape) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x20 || byte >= firstInvalid) return this.#stray(byte, at);
      if (this.#isContent) return this.#stepEscape(byte, at);
      this.#isEscape = false;
      this.#append(bytes, at, at + 1);
      return at + 1;
    }
    if (this.#isContent && !this.#isClose) {
      end = this.#endOfContent(bytes, at);
    } else {
      for (; end < bytes.length; end++) {
        const byte = bytes[end] ?? 0;
        if (byte === this.#quote || byte === backslash || byte < 0x20 || byte >= firstInvalid) break;
      }
    }
    if (end > at) {
      if (this.#isContent) this.token = { kind: 'content', from: at, to: end };
      else this.#append(bytes, at, end);
      return end;
    }
    const byte = bytes[at] ?? 0;
    if (byte === backslash) {
      this.#isEscape = true;
      if (!this.#isContent) this.#append(bytes, at, at + 1);
      return at + 1;
    }
    if (byte !== this.#quote) return this.#stray(byte, at);
    this.#state = 'start';
    if (this.#isContent) this.token = { kind: 'content-end' };
    else if (this.#isTooLong) this.token = { kind: 'too-long' };
    else this.token = { kind: 'text', raw: this.#bytes.subarray(0, this.#length) };
    return at + 1;
  }

  /** An escape in a content: one character, or "u" and four digits. */
  #stepEscape(byte: number, at: number): number {
    this.#escape += String.fromCharCode(byte);
    if (this.#escape.startsWith('u') && this.#escape.length < 5) return at + 1;
    const [, digits] = /^u([\da-fA-F]{4})$/.exec(this.#escape) ?? [];
    const char = digits === undefined ? (escapes[this.#escape] ?? -1) : Number.parseInt(digits, 16);
    this.token = { kind: 'escaped', char };
    this.#escape = '';
    this.#isEscape = false;
    return at + 1;
  }

  /** Without looking at each byte, which takes an interpreter a second per some megabytes. */
  #endOfContent(bytes: Uint8Array, at: number): number {
    const close = bytes.indexOf(this.#quote, at);
    const first = bytes.subarray(at, close < 0 ? bytes.length : close).indexOf(backslash);
    if (first >= 0) return at + first;
    return close < 0 ? bytes.length : close;
  }

  #keep(byte: number, at: number, state?: State): number {
    if (state !== undefined) this.#state = state;
    this.#append(new Uint8Array([byte]), 0, 1);
    return at + 1;
  }

  /** The token ends before this byte, which is looked at again. */
  #end(kind: 'number' | 'keyword', at: number): number {
    this.#state = 'start';
    this.token = this.#isTooLong ? { kind: 'too-long' } : { kind, text: this.#text() };
    return at;
  }

  #stray(byte: number, at: number): number {
    const isText = this.#state === 'text' && !this.#isContent;
    const before = isText ? String.fromCharCode(this.#quote) : '';
    const kept = this.#state === 'start' ? '' : this.#text();
    const last = new TextDecoder().decode(new Uint8Array([byte]));
    // A reader in C stops at the first zero.
    const text = `${before}${kept.slice(0, maxStrayBytes)}${last}`.replace(/\0.*/s, '');
    this.#state = 'recovery';
    this.#isEscape = false;
    this.#escape = '';
    this.token = { kind: 'stray', text };
    return at + 1;
  }

  #text(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#length));
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#maxBytes) {
      this.#isTooLong = true;
      return;
    }
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2)));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isPunctuation(byte: number): boolean {
  return byte === 0x7b || byte === 0x7d || byte === 0x5b || byte === 0x5d || byte === 0x3a || byte === 0x2c;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isLower(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}
