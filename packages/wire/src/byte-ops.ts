/** Work on bytes that an interpreter must not do itself: the agent hands in its C layer, Node `portableByteOps`. */
export interface ByteOps {
  /** CRC-32C (Castagnoli) as an unsigned number, continuing from `seed`; 0 to begin. */
  crc32c(bytes: Uint8Array, seed: number): number;
  /** How many zero bytes `bytes` begins with. */
  countLeadingZeros(bytes: Uint8Array): number;
}
