/**
 * Decompresses LZ4 in the "legacy" format of Linux kernels: a magic number, then blocks of at most 8 MiB, each preceded by
 * its compressed length. Throws RangeError for malformed input and when the result is longer than `maxBytes`.
 */
export function unpackLz4Legacy(packed: Uint8Array, maxBytes: number): Buffer {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const out = Buffer.alloc(maxBytes);
  let end = 0;
  for (let at = 4; at + 4 <= packed.length; ) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length === 0 || at + length > packed.length) throw new RangeError('an LZ4 block is truncated');
    end = unpackBlock(packed.subarray(at, at + length), out, end);
    at += length;
  }
  return out.subarray(0, end);
}

/** Decompresses a block to `out` at `start` and returns the end position. Matches cannot refer to bytes before `start`. */
function unpackBlock(block: Uint8Array, out: Buffer, start: number): number {
  let from = 0;
  let to = start;
  const next = (): number => {
    const byte = block[from++];
    if (byte === undefined) throw new RangeError('an LZ4 block is truncated');
    return byte;
  };
  /** After 15, more bytes of the length follow, up to the first one that is not 255. */
  const lengthFrom = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let length = nibble;
    for (let byte = 255; byte === 255; ) {
      byte = next();
      length += byte;
    }
    return length;
  };
  while (from < block.length) {
    const token = next();
    const literals = lengthFrom(token >> 4);
    if (from + literals > block.length || to + literals > out.length)
      throw new RangeError('LZ4 literals are truncated');
    out.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= block.length) break;
    const distance = next() | (next() << 8);
    const length = lengthFrom(token & 15) + 4;
    if (distance === 0 || to - distance < start || to + length > out.length) throw new RangeError('invalid LZ4 match');
    // A match may overlap its own output, which repeats its bytes.
    if (distance >= length) out.copyWithin(to, to - distance, to - distance + length);
    else for (let count = 0; count < length; count++) out[to + count] = out[to + count - distance] ?? 0;
    to += length;
  }
  return to;
}
