import type { ByteOps } from '../byte-ops.ts';
import { zeroRunBytes } from './limits.ts';
import { trailingZeros } from './trailing-zeros.ts';

/**
 * Finds the run of zeros before a hello. It never checks single bytes: a valid run is so long that it covers one of a
 * few sample points, so the zeros before each of these points determine where it can start.
 */
export class ZeroRun {
  readonly #ops: ByteOps;
  #length = 0;

  constructor(ops: ByteOps) {
    this.#ops = ops;
  }

  /** Resets the count to the zeros at the end of `bytes`. */
  restart(bytes: Uint8Array): void {
    this.#length = trailingZeros(bytes, this.#ops);
  }

  /** The position of the first byte after a full run, from `start` on; -1 if all bytes were dropped. */
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
      // `at` is not a zero. A valid run that starts within the next `zeroRunBytes` covers the point, or the last byte.
      const point = Math.min(at + zeroRunBytes, bytes.length - 1) + 1;
      at = point - trailingZeros(bytes.subarray(at + 1, point), this.#ops);
    }
    return -1;
  }
}
