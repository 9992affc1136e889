import type { Host } from '../host.ts';

/** The default of crypt(5), which the hash then need not name. */
const rounds = 5000;
/** A part of them, between which the loop goes on. */
const roundsAtOnce = 250;
const digits = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The hash of a password as "$5$SALT$…" for shadow(5), which glibc, musl and busybox know. `salt`: 16 characters of crypt's digits. */
export async function sha256Crypt({ bytes, clock }: Host, password: string, salt: string): Promise<string> {
  const sha = (...parts: readonly Uint8Array[]): Uint8Array => {
    const hash = bytes.createSha256();
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const key = new TextEncoder().encode(password);
  const seed = new TextEncoder().encode(salt);
  const first = sha(key, seed, key);
  const parts = [key, seed, cycle(first, key.length)];
  for (let length = key.length; length > 0; length >>= 1) parts.push(length & 1 ? first : key);
  let result = sha(...parts);
  const keys = cycle(sha(...Array<Uint8Array>(key.length).fill(key)), key.length);
  const seeds = cycle(sha(...Array<Uint8Array>(16 + (result[0] ?? 0)).fill(seed)), seed.length);
  for (let round = 0; round < rounds; round++) {
    const [before, after] = round & 1 ? [keys, result] : [result, keys];
    const middle = [...(round % 3 ? [seeds] : []), ...(round % 7 ? [keys] : [])];
    result = sha(before, ...middle, after);
    if (round % roundsAtOnce === 0) await new Promise<void>((resolve) => clock.setTimer(0, resolve));
  }
  return `$5$${salt}$${printHash(result)}`;
}

/** 16 characters, as crypt(5) allows at most. */
export function newSalt({ bytes }: Host): string {
  return Array.from(bytes.random(16), (byte) => digits[byte & 63]).join('');
}

/** `length` bytes: the same ones over and over. */
function cycle(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => bytes[index % bytes.length] ?? 0);
}

/** In the order and with the digits of SHA-crypt. */
function printHash(hash: Uint8Array): string {
  let text = '';
  const put = (a: number, b: number, c: number, count: number): void => {
    for (let bits = (a << 16) | (b << 8) | c; count-- > 0; bits >>= 6) text += digits[bits & 63];
  };
  const at = (index: number): number => hash[index] ?? 0;
  for (let group = 0, a = 0, b = 10, c = 20; group < 10; group++, [a, b, c] = [c + 1, a + 1, b + 1])
    put(at(a), at(b), at(c), 4);
  put(0, at(31), at(30), 3);
  return text;
}
