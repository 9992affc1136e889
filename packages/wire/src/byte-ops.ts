/** Byte operations that are too slow in an interpreter: the agent passes its C layer, Node `portableByteOps`. */
export interface ByteOps extends Base64Ops {
  /** CRC-32C (Castagnoli) as an unsigned number, continuing from `seed`; 0 to start. */
  crc32c(bytes: Uint8Array, seed: number): number;
  /** Writes the CRC-32C of [from, to) at `at`: four bytes, the lowest first. */
  putCrc32c(bytes: Uint8Array, from: number, to: number, at: number): void;
  /** Whether it is there. */
  hasCrc32c(bytes: Uint8Array, from: number, to: number, at: number): boolean;
  /** Whether `part` is at `at`, whole. */
  matches(bytes: Uint8Array, at: number, part: Uint8Array): boolean;
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
