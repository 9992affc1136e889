import type { ByteOps } from '../byte-ops.ts';
import { zeroRunBytes } from './limits.ts';
import { trailingZeros } from './trailing-zeros.ts';

/**
 * Looks for the run of zeros that comes before a hello. It never looks at single bytes: a run that counts is so long
 * that it covers one of a few points, so the zeros before each of these points tell where it can begin.
 */
export class ZeroRun {
  readonly #ops: ByteOps;
  #length = 0;

  constructor(ops: ByteOps) {
    this.#ops = ops;
  }

  /** Forgets the zeros seen, and begins with those that `bytes` ends with. */
  restart(bytes: Uint8Array): void {
    this.#length = trailingZeros(bytes, this.#ops);
  }

  /** Where the first byte after a full run stands, from `start` on; -1 when all bytes were dropped. */
  findEnd(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length) {
      const zeros = this.#ops.countLeadingZeros(bytes.subarray(at));
      this.#length += zeros;
      at += zeros;
      if (at >= bytes.length) return -1;
      if (this.#length >= zeroRunBytes) {
        this.#length = 0;
        return at;
      }
      this.#length = 0;
      // `at` is no zero. A run that begins within the next `zeroRunBytes` and counts covers the point, or the last byte.
      const point = Math.min(at + zeroRunBytes, bytes.length - 1) + 1;
      at = point - trailingZeros(bytes.subarray(at + 1, point), this.#ops);
    }
    return -1;
  }
}
