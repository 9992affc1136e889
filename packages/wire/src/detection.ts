/** Whether the first bytes of a connection belong to a dialect: `more` while there are too few to decide. */
export type Detection = 'yes' | 'no' | 'more';

/** With this many bytes no dialect may return `more`. */
export const detectionBytes = 8;

/** Whether a connection starts with these bytes. */
export function detectPrefix(firstBytes: Uint8Array, prefix: readonly number[]): Detection {
  const count = Math.min(firstBytes.length, prefix.length);
  for (let at = 0; at < count; at++) if (firstBytes[at] !== prefix[at]) return 'no';
  return count === prefix.length ? 'yes' : 'more';
}

/** Whether a connection starts with a 4-byte big-endian length of 1 byte to 16 MiB. */
export function detectLength(firstBytes: Uint8Array): Detection {
  const [first, second = 0, third = 0, fourth = 0] = firstBytes;
  if (first === undefined) return 'more';
  const rest = second | third | fourth;
  if (first > 1 || (first === 1 && rest !== 0)) return 'no';
  if (firstBytes.length < 4) return 'more';
  return first === 0 && rest === 0 ? 'no' : 'yes';
}
