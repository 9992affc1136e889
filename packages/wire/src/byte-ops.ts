/** Byte operations that are too slow in an interpreter: the agent passes its C layer, Node `portableByteOps`. */
export interface ByteOps {
  /** CRC-32C (Castagnoli) as an unsigned number, continuing from `seed`; 0 to start. */
  crc32c(bytes: Uint8Array, seed: number): number;
  /** The number of zero bytes at the start of `bytes`. */
  countLeadingZeros(bytes: Uint8Array): number;
}
