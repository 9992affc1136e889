/** Byte operations that are too slow in an interpreter: the agent passes its C layer, Node `portableByteOps`. */
export interface ByteOps extends Base64Ops {
  /** CRC-32C (Castagnoli) as an unsigned number, continuing from `seed`; 0 to start. */
  crc32c(bytes: Uint8Array, seed: number): number;
  /** The number of zero bytes at the start of `bytes`. */
  countLeadingZeros(bytes: Uint8Array): number;
}

/** Base64, RFC 4648 section 4. */
export interface Base64Ops {
  /** Writes the base64 of `bytes`, with padding, to `into`, which has room for it; returns its length. */
  encodeBase64(bytes: Uint8Array, into: Uint8Array): number;
  /**
   * Decodes groups of four characters to `into`, which has room for three quarters of `text`, and stops before the
   * first group that is incomplete or has another character than the 64. Returns the number of groups.
   */
  decodeBase64(text: Uint8Array, into: Uint8Array): number;
}
