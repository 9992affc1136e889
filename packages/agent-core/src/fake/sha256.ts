import type { Sha256 } from '../host.ts';

const constants = Uint32Array.from({ length: 64 }, (_, index) => fractionOf(primes(64)[index] ?? 0, 1 / 3));
const initial = Uint32Array.from({ length: 8 }, (_, index) => fractionOf(primes(8)[index] ?? 0, 1 / 2));

/** SHA-256 (FIPS 180-4), as the standard describes it: for tests, since a pure package cannot use Node's. */
export function createSha256(): Sha256 {
  const state = initial.slice();
  const block = new Uint8Array(64);
  let length = 0;
  const update = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      block[length++ % 64] = byte;
      if (length % 64 === 0) compress(state, block);
    }
  };
  return {
    update,
    digest: () => {
      const bits = BigInt(length) * 8n;
      update(Uint8Array.of(0x80));
      while (length % 64 !== 56) update(Uint8Array.of(0));
      const tail = new DataView(new ArrayBuffer(8));
      tail.setBigUint64(0, bits);
      update(new Uint8Array(tail.buffer));
      const digest = new DataView(new ArrayBuffer(32));
      for (const [index, word] of state.entries()) digest.setUint32(index * 4, word);
      return new Uint8Array(digest.buffer);
    },
  };
}

function compress(state: Uint32Array, block: Uint8Array): void {
  const view = new DataView(block.buffer);
  const words = new Uint32Array(64);
  const word = (index: number): number => words[index] ?? 0;
  for (let index = 0; index < 64; index++) {
    if (index < 16) words[index] = view.getUint32(index * 4);
    else {
      const [before, after] = [word(index - 15), word(index - 2)];
      const low = rotate(before, 7) ^ rotate(before, 18) ^ (before >>> 3);
      const high = rotate(after, 17) ^ rotate(after, 19) ^ (after >>> 10);
      words[index] = word(index - 16) + low + word(index - 7) + high;
    }
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let index = 0; index < 64; index++) {
    const high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + high + ((e & f) ^ (~e & g)) + (constants[index] ?? 0) + word(index)) | 0;
    const low = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => {
    state[index] = (state[index] ?? 0) + value;
  });
}

function rotate(value: number, count: number): number {
  return (value >>> count) | (value << (32 - count));
}

/** The first 32 bits of a root's fraction. */
function fractionOf(prime: number, power: number): number {
  const root = prime ** power;
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++)
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}
