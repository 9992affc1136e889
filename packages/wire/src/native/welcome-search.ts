import type { Welcome } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { beginsWithMagic, carries, isSound, payloadOffset, readHeader } from './frame-layout.ts';
import { headerBytes, maxFrameBytes } from './limits.ts';

interface Found {
  readonly welcome: Welcome;
  /** Bytes after the welcome that the search had kept. */
  readonly behind: Uint8Array;
  /** How many of the bytes given last it took. */
  readonly taken: number;
}

/**
 * How many frames that carry the nonce and are no welcome are passed over. Old bytes have none, so they are a guest's
 * play, and each can cost a checksum of 64 KiB.
 */
const maxFalseWelcomes = 16;

/**
 * Looks at every offset for the welcome with a nonce. A header that names a length swallows nothing here: the search
 * goes on one byte further. Keeps at most two frames.
 */
export class WelcomeSearch {
  readonly #nonce: Uint8Array;
  readonly #ops: ByteOps;
  readonly #kept = new Uint8Array(2 * maxFrameBytes);
  #length = 0;
  #falseWelcomes = 0;

  constructor(nonce: Uint8Array, ops: ByteOps) {
    this.#nonce = nonce;
    this.#ops = ops;
  }

  /** Takes bytes; the welcome, once it is whole; 'misled' when there were too many that are none. */
  push(bytes: Uint8Array): Found | 'misled' | undefined {
    let taken = 0;
    while (taken < bytes.length) {
      const count = Math.min(this.#kept.length - this.#length, bytes.length - taken);
      this.#kept.set(bytes.subarray(taken, taken + count), this.#length);
      this.#length += count;
      taken += count;
      const found = this.#scan();
      if (found !== undefined) return { ...found, taken };
      if (this.#falseWelcomes > maxFalseWelcomes) return 'misled';
    }
    return undefined;
  }

  /** Tries every offset; drops what cannot begin the welcome. Leaves less than a frame, so there is always room. */
  #scan(): Omit<Found, 'taken'> | undefined {
    const bytes = this.#kept.subarray(0, this.#length);
    let at = bytes.indexOf(0x51);
    while (at >= 0 && this.#falseWelcomes <= maxFalseWelcomes) {
      const frameBytes = this.#candidate(bytes, at);
      if (at + frameBytes > bytes.length) break;
      if (frameBytes > 0) {
        const welcome = this.#welcome(bytes, at, at + frameBytes);
        if (welcome !== undefined) return { welcome, behind: bytes.subarray(at + frameBytes) };
        this.#falseWelcomes++;
      }
      at = bytes.indexOf(0x51, at + 1);
    }
    const keepFrom = at < 0 ? bytes.length : at;
    this.#kept.copyWithin(0, keepFrom, this.#length);
    this.#length -= keepFrom;
    return undefined;
  }

  /** Bytes of the frame that may begin at `at`: 0 if none does, Infinity if that cannot be told yet. */
  #candidate(bytes: Uint8Array, at: number): number {
    if (!beginsWithMagic(bytes, at, bytes.length)) return 0;
    if (at + headerBytes > bytes.length) return Number.POSITIVE_INFINITY;
    const frameBytes = readHeader(bytes, at);
    if (frameBytes === 0 || at + payloadOffset > bytes.length) return frameBytes && Number.POSITIVE_INFINITY;
    return carries(bytes, at, this.#nonce) ? frameBytes : 0;
  }

  #welcome(bytes: Uint8Array, start: number, end: number): Welcome | undefined {
    if (!isSound(bytes, start, end, this.#ops)) return undefined;
    try {
      const payload = decodePayload(bytes, start, end);
      return payload.case === 'welcome' ? payload.value : undefined;
    } catch (error) {
      // Not a welcome: the search goes on behind its first byte.
      if (!(error instanceof MalformedMessageError)) throw error;
      return undefined;
    }
  }
}
