/** Lower-case hexadecimal. For ids and hashes: a digit at a time, so not for bulk. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
