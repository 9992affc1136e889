import type { ByteOps } from '../byte-ops.ts';

/** The number of zero bytes at the end of `bytes`: a binary search, so that the byte layer does the scanning. */
export function trailingZeros(bytes: Uint8Array, ops: ByteOps): number {
  const length = bytes.length;
  if (length === 0 || bytes[length - 1] !== 0) return 0;
  let zeros = 1;
  let nonZero = 2;
  while (nonZero <= length && endsInZeros(bytes, nonZero, ops)) {
    zeros = nonZero;
    nonZero *= 2;
  }
  nonZero = Math.min(nonZero, length + 1);
  while (nonZero - zeros > 1) {
    const middle = (zeros + nonZero) >>> 1;
    if (endsInZeros(bytes, middle, ops)) zeros = middle;
    else nonZero = middle;
  }
  return zeros;
}

function endsInZeros(bytes: Uint8Array, count: number, ops: ByteOps): boolean {
  return ops.countLeadingZeros(bytes.subarray(bytes.length - count)) === count;
}
