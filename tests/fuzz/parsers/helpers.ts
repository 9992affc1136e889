import assert from 'node:assert/strict';
import { Chance } from '../../conformance/http-fuzz/chance.ts';

/** Cuts bytes into pieces of 0 to 200 bytes; the same bytes always in the same places. */
export function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const chance = new Chance(bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x0100_0193), bytes.length));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 0)
    pieces.push(bytes.subarray(at, at + chance.below(chance.is(0.7) ? 12 : 200)));
  return pieces;
}

/** A value as text for comparison; bytes in hexadecimal. */
export function plain(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`;
    if (typeof each === 'number' && !Number.isFinite(each)) return String(each);
    if (each instanceof Map) return [...(each as Map<unknown, unknown>)];
    return each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each;
  });
}

/**
 * Checks that a reader of a stream has the same result for all bytes at once and in pieces, of which it may keep nothing
 * after the call: the buffer is overwritten.
 */
export function checkSplits(bytes: Uint8Array, read: (pieces: Iterable<Uint8Array>) => unknown): void {
  const overwritten = function* (): Generator<Uint8Array> {
    for (const piece of piecesOf(bytes)) {
      const buffer = piece.slice();
      yield buffer;
      buffer.fill(0xdb);
    }
  };
  assert.equal(plain(read(overwritten())), plain(read([bytes])), 'in pieces the result is another one');
}

/** Whether an error is of one of these classes. */
export function refusesWith(...classes: readonly (abstract new (...parameters: never[]) => Error)[]) {
  return (error: unknown): boolean => classes.some((each) => error instanceof each);
}
