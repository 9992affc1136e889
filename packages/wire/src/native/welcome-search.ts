import type { Welcome } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { beginsWithMagic, carries, isValidFrame, payloadOffset, readHeader } from './frame-layout.ts';
import { headerBytes, maxFrameBytes } from './limits.ts';

interface Found {
  readonly welcome: Welcome;
  /** Bytes after the welcome that the search has kept. */
  readonly behind: Uint8Array;
  /** Number of bytes used of the last input. */
  readonly taken: number;
}

/**
 * Maximum frames with the nonce that are skipped although they are not a welcome. Old bytes do not contain the nonce,
 * so a guest sends these deliberately, and each can cost a checksum of 64 KiB.
 */
const maxFalseWelcomes = 16;

/**
 * Searches at every offset for the welcome with a nonce. A length in a header swallows nothing here: the search
 * continues one byte further. Keeps at most two frames.
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

  /** Handles bytes; returns the welcome once it is complete; 'misled' after too many false ones. */
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

  /**
   * Tries every offset; drops bytes that cannot start the welcome. Keeps less than a frame, so there is always room.
   */
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

  /** Size of the frame that may start at `at`: 0 if none does, Infinity if undecided. */
  #candidate(bytes: Uint8Array, at: number): number {
    if (!beginsWithMagic(bytes, at, bytes.length)) return 0;
    if (at + headerBytes > bytes.length) return Number.POSITIVE_INFINITY;
    const frameBytes = readHeader(bytes, at);
    if (frameBytes === 0 || at + payloadOffset > bytes.length) return frameBytes && Number.POSITIVE_INFINITY;
    return carries(bytes, at, this.#nonce, this.#ops) ? frameBytes : 0;
  }

  #welcome(bytes: Uint8Array, start: number, end: number): Welcome | undefined {
    if (!isValidFrame(bytes, start, end, this.#ops)) return undefined;
    try {
      const payload = decodePayload(bytes, start, end);
      return payload.case === 'welcome' ? payload.value : undefined;
    } catch (error) {
      // Not a welcome: the search continues after its first byte.
      if (!(error instanceof MalformedMessageError)) throw error;
      return undefined;
    }
  }
}
