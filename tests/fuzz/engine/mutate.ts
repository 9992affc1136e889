import type { Chance } from '../../conformance/http-fuzz/chance.ts';

export interface MutationOptions {
  readonly chance: Chance;
  /** Other inputs, to take parts of. */
  readonly others: readonly Uint8Array[];
  readonly dictionary: readonly Uint8Array[];
  readonly maxBytes: number;
}

type Mutation = (bytes: Uint8Array, options: MutationOptions) => Uint8Array;

const edgeBytes = [0, 1, 0x0a, 0x20, 0x22, 0x2f, 0x30, 0x39, 0x3a, 0x7f, 0x80, 0xc3, 0xfe, 0xff];
const edgeNumbers = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  511,
  512,
  4096,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const edgeTexts = [
  '0',
  '-1',
  '1e999',
  '00',
  '255',
  '65536',
  '2147483648',
  '4294967295',
  '9007199254740993',
  '18446744073709551616',
  '9'.repeat(40),
];
const maxGrowthCopies = 512;

/** `bytes` with `replaced` bytes at `at` replaced by `part`. */
function splice(bytes: Uint8Array, at: number, replaced: number, part: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - replaced + part.length);
  result.set(bytes.subarray(0, at));
  result.set(part, at);
  result.set(bytes.subarray(at + replaced), at + part.length);
  return result;
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const result = bytes.slice();
  if (at < result.length) result[at] = change(result[at] ?? 0);
  return result;
}

/** Start and length of a part, mostly a short one. */
function partOf(bytes: Uint8Array, chance: Chance): { readonly at: number; readonly size: number } {
  const at = chance.below(bytes.length + 1);
  const most = Math.min(bytes.length - at, chance.is(0.8) ? 16 : bytes.length);
  return { at, size: most === 0 ? 0 : 1 + chance.below(most) };
}

function cut(bytes: Uint8Array, chance: Chance): Uint8Array {
  const { at, size } = partOf(bytes, chance);
  return bytes.subarray(at, at + size);
}

/** A number as a field of 2, 4 or 8 bytes, in either order. */
function numberField(chance: Chance, near: number): Uint8Array {
  const value = chance.is(0.5) ? chance.of(edgeNumbers) : Math.max(0, near + chance.below(9) - 4);
  const field = new DataView(new ArrayBuffer(chance.of([2, 4, 8])));
  const isLittle = chance.is(0.5);
  if (field.byteLength === 2) field.setUint16(0, value & 0xffff, isLittle);
  else if (field.byteLength === 4) field.setUint32(0, value >>> 0, isLittle);
  else field.setBigUint64(0, BigInt(value), isLittle);
  return new Uint8Array(field.buffer);
}

/** Start and length of a run of decimal digits at or after a place chosen by chance. */
function digits(bytes: Uint8Array, chance: Chance): { readonly at: number; readonly size: number } | undefined {
  const isDigit = (at: number): boolean => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  let at = chance.below(bytes.length + 1);
  while (at < bytes.length && !isDigit(at)) at++;
  let size = 0;
  while (isDigit(at + size)) size++;
  return size === 0 ? undefined : { at, size };
}

function lineAt(bytes: Uint8Array, chance: Chance): { readonly at: number; readonly size: number } {
  const near = chance.below(bytes.length + 1);
  const at = bytes.lastIndexOf(0x0a, Math.max(0, near - 1)) + 1;
  const end = bytes.indexOf(0x0a, at);
  return { at, size: (end < 0 ? bytes.length : end + 1) - at };
}

const mutations: readonly Mutation[] = [
  (bytes, { chance }) => changed(bytes, chance.below(bytes.length), (byte) => byte ^ (1 << chance.below(8))),
  (bytes, { chance }) => changed(bytes, chance.below(bytes.length), () => chance.of(edgeBytes)),
  (bytes, { chance }) => changed(bytes, chance.below(bytes.length), (byte) => byte + chance.below(17) - 8),
  (bytes, { chance }) => splice(bytes, chance.below(bytes.length + 1), 0, chance.bytes(1 + chance.below(8))),
  (bytes, { chance }) => {
    const { at, size } = partOf(bytes, chance);
    return splice(bytes, at, size, new Uint8Array(0));
  },
  (bytes, { chance }) => splice(bytes, chance.below(bytes.length + 1), 0, cut(bytes, chance)),
  (bytes, { chance }) => bytes.slice(0, chance.below(bytes.length + 1)),
  // A length field, which mostly says something near the length of what follows.
  (bytes, { chance }) => {
    const at = chance.below(bytes.length + 1);
    const field = numberField(chance, bytes.length - at);
    return splice(bytes, at, Math.min(field.length, bytes.length - at), field);
  },
  (bytes, { chance }) => {
    const found = digits(bytes, chance);
    const text = new TextEncoder().encode(chance.of(edgeTexts));
    return found === undefined ? bytes : splice(bytes, found.at, found.size, text);
  },
  (bytes, { chance }) => {
    const line = lineAt(bytes, chance);
    const copy = bytes.slice(line.at, line.at + line.size);
    return chance.is(0.5) ? splice(bytes, line.at, line.size, new Uint8Array(0)) : splice(bytes, line.at, 0, copy);
  },
  (bytes, { chance, dictionary }) => {
    if (dictionary.length === 0) return bytes;
    const word = chance.of(dictionary);
    const { at } = partOf(bytes, chance);
    return splice(bytes, at, chance.is(0.5) ? 0 : Math.min(word.length, bytes.length - at), word);
  },
  (bytes, { chance, others }) => {
    const { at, size } = partOf(bytes, chance);
    return others.length === 0 ? bytes : splice(bytes, at, size, cut(chance.of(others), chance));
  },
  // The beginning of this one and the end of another one.
  (bytes, { chance, others }) => {
    const other = others.length === 0 ? bytes : chance.of(others);
    const at = chance.below(bytes.length + 1);
    return splice(bytes, at, bytes.length - at, other.subarray(chance.below(other.length + 1)));
  },
];

/** Repeats a part, which shows what takes more than linear time or memory. */
function grow(bytes: Uint8Array, { chance, maxBytes }: MutationOptions): Uint8Array {
  const part = cut(bytes, chance);
  if (part.length === 0) return bytes;
  const copies = Math.min(maxGrowthCopies, Math.floor((maxBytes - bytes.length) / part.length));
  const repeated = new Uint8Array(Math.max(0, copies) * part.length);
  for (let at = 0; at < repeated.length; at += part.length) repeated.set(part, at);
  return splice(bytes, chance.below(bytes.length + 1), 0, repeated);
}

/** A few changes of an input, chosen by chance. */
export function mutate(bytes: Uint8Array, options: MutationOptions): Uint8Array {
  const { chance, maxBytes } = options;
  let result = bytes;
  if (chance.is(0.01)) result = grow(result, options);
  for (let left = 1 + chance.below(chance.is(0.8) ? 3 : 12); left > 0; left--)
    result = chance.of(mutations)(result, options).subarray(0, maxBytes);
  return result;
}
