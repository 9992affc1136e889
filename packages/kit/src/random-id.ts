/** 128 bits of `random` as 32 hexadecimal digits. `random` returns as many random bytes as it is asked for. */
export function randomId(random: (count: number) => Uint8Array): string {
  return Array.from(random(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
