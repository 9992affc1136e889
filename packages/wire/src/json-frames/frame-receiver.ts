import { type Detection, detectLength } from '../detection.ts';
import { maxJsonFrameBytes } from './limits.ts';

/** `frame`: its JSON, copied. `oversize`: a frame above the limit, which cannot be skipped: the connection ends. */
export type JsonFrameIncoming =
  | { readonly type: 'frame'; readonly body: Uint8Array }
  | { readonly type: 'oversize'; readonly lengthBytes: number };

const lengthBytes = 4;
const brace = 0x7b;

/** Whether a fresh connection starts with a frame: a length, and then `{`. */
export function detectJsonFrames(firstBytes: Uint8Array): Detection {
  const length = detectLength(firstBytes);
  if (length !== 'yes') return length;
  if (firstBytes.length === lengthBytes) return 'more';
  return firstBytes[lengthBytes] === brace ? 'yes' : 'no';
}

/** Bytes to frames: a 4-byte big-endian length, then JSON. Memory is taken as bytes arrive, not as a length promises. */
export class JsonFrameReceiver {
  readonly #head = new Uint8Array(lengthBytes);
  #headBytes = 0;
  #wantedBytes = 0;
  #body = new Uint8Array(0);
  #filled = 0;
  #isOver = false;

  push(bytes: Uint8Array): JsonFrameIncoming[] {
    const incoming: JsonFrameIncoming[] = [];
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      if (this.#headBytes < lengthBytes) {
        this.#head[this.#headBytes++] = bytes[at++] as number;
        if (this.#headBytes === lengthBytes) this.#begin(incoming);
      } else {
        const count = Math.min(bytes.length - at, this.#wantedBytes - this.#filled);
        this.#append(bytes.subarray(at, at + count));
        at += count;
        if (this.#filled === this.#wantedBytes) this.#finish(incoming);
      }
    }
    return incoming;
  }

  #begin(incoming: JsonFrameIncoming[]): void {
    this.#wantedBytes = new DataView(this.#head.buffer).getUint32(0);
    if (this.#wantedBytes > maxJsonFrameBytes) {
      this.#isOver = true;
      incoming.push({ type: 'oversize', lengthBytes: this.#wantedBytes });
    } else if (this.#wantedBytes === 0) this.#finish(incoming);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.min(this.#wantedBytes, Math.max(needed, 2 * this.#body.length)));
      grown.set(this.#body.subarray(0, this.#filled));
      this.#body = grown;
    }
    this.#body.set(bytes, this.#filled);
    this.#filled = needed;
  }

  #finish(incoming: JsonFrameIncoming[]): void {
    incoming.push({ type: 'frame', body: this.#body.subarray(0, this.#filled) });
    this.#headBytes = 0;
    this.#body = new Uint8Array(0);
    this.#filled = 0;
  }
}
