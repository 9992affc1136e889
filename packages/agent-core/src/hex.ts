/** Lower-case hexadecimal. For ids and hashes: one digit at a time, so not for bulk data. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
