/** The block size of an archive, which ends with two blocks of zeros. */
export const blockBytes = 512;
/** Bytes read of a file whose size is only known at its end, as in /proc; longer ones are left out of an archive. */
export const maxUnsizedBytes = 1024 * 1024;
/** A file without blocks on disk that claims more has no true size: /proc/kcore, with its 128 TiB. */
export const maxCredibleBytes = 2 ** 45;

/** The size padded to whole blocks. */
export function paddedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

/** The sum of all bytes, with the checksum field itself counted as spaces. */
export function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  return sum;
}
