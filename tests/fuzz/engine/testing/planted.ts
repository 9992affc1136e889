import type { Parser } from '../../parser.ts';

/** Fails for a word that chance does not find at once: each letter is a branch of its own. */
function readWord(bytes: Uint8Array): void {
  const [first, second, third, fourth] = bytes;
  if (first !== 0x66) return;
  if (second !== 0x75) return;
  if (third !== 0x7a) return;
  if (fourth === 0x21) throw new RangeError('the planted fault');
}

/** Takes quadratic time. */
function readSlowly(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) for (let round = 0; round < bytes.length / 2; round++) sum = (sum * 31 + byte + round) | 0;
  return sum;
}

function readForever(bytes: Uint8Array): void {
  while (bytes[0] === 0x66) Math.max(bytes.length, 0);
}

const covers = /\/tests\/fuzz\/engine\/testing\//;
const word = { covers, seeds: () => ['....'], dictionary: ['f', 'u', 'z', '!'], maxInputBytes: 16 };

/** Parsers with a known fault each. */
export const parsers: readonly Parser[] = [
  { ...word, name: 'planted-word', run: readWord },
  { ...word, name: 'planted-refusal', run: readWord, refuses: (error) => error instanceof RangeError },
  { covers, name: 'planted-slow', seeds: () => ['x'.repeat(100)], run: readSlowly },
  { ...word, name: 'planted-hang', run: readForever },
  {
    ...word,
    name: 'planted-length',
    run: (bytes) => new Uint8Array((bytes[0] ?? 0) * 0x10000),
    maxAllocatedBytes: 0xf0 * 0x10000,
  },
];
