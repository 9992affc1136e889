import type { Allowance } from '../byte-budget.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Collects a program's output as UTF-8, which a protobuf string must be, up to a limit. Bytes that are not UTF-8 become
 * U+FFFD; a character split between two pieces is joined.
 */
export class Utf8Text {
  readonly #maxBytes: number;
  readonly #allowance: Allowance;
  readonly parts: Uint8Array[] = [];
  #lengthBytes = 0;
  #cut: Uint8Array = new Uint8Array(0);
  /** Whether output beyond the limit was left out. */
  truncated = false;

  constructor(maxBytes: number, allowance: Allowance) {
    this.#maxBytes = maxBytes;
    this.#allowance = allowance;
  }

  append(bytes: Uint8Array): void {
    if (this.truncated || bytes.length === 0) return;
    const whole = this.#cut.length === 0 ? bytes : concat(this.#cut, bytes);
    const cutBytes = incompleteTail(whole);
    this.#cut = whole.slice(whole.length - cutBytes);
    this.#keep(toUtf8(whole.subarray(0, whole.length - cutBytes)));
  }

  /** Ends the text: an incomplete character at the end becomes U+FFFD. */
  end(): void {
    const cut = this.#cut;
    this.#cut = new Uint8Array(0);
    if (!this.truncated && cut.length > 0) this.#keep(toUtf8(cut));
  }

  #keep(text: Uint8Array): void {
    const room = this.#allowance.take(Math.min(text.length, this.#maxBytes - this.#lengthBytes));
    let kept = text;
    if (text.length > room) {
      this.truncated = true;
      const fitting = text.subarray(0, room);
      kept = fitting.slice(0, room - incompleteTail(fitting));
    }
    if (kept.length > 0) this.parts.push(kept);
    this.#lengthBytes += kept.length;
  }
}

/** A copy of the bytes if they are UTF-8; otherwise with U+FFFD for invalid ones. */
function toUtf8(bytes: Uint8Array): Uint8Array {
  try {
    strict.decode(bytes);
    return bytes.slice();
  } catch {
    // Not UTF-8: programs can print anything.
    return encoder.encode(lenient.decode(bytes));
  }
}

/** The number of bytes of an incomplete character at the end: 0 to 3. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < characterBytes(byte) ? back : 0;
  }
  return 0;
}

function characterBytes(first: number): number {
  if (first >= 0xf0) return 4;
  return first >= 0xe0 ? 3 : 2;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
