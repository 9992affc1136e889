import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../byte-budget.ts';
import { byteLength } from './reply.ts';
import { Utf8Text } from './utf8-text.ts';

const unbounded = () => new ByteBudget(Number.MAX_SAFE_INTEGER).open();

function collect(text: Utf8Text, bytes: Uint8Array, cuts: readonly number[]): string {
  let at = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    text.append(bytes.subarray(at, end));
    at = end;
  }
  text.end();
  // Fatal: the collected bytes must be UTF-8.
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(text.parts));
}

const cuts = fc.array(fc.nat(400), { maxLength: 8 });

describe('Utf8Text', () => {
  it('UTF-8 text is collected unchanged, wherever it was split', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), cuts, (value, at) => {
        assert.equal(collect(new Utf8Text(10_000, unbounded()), new TextEncoder().encode(value), at), value);
      }),
      { numRuns: 400 },
    );
  });

  it('collected text is UTF-8 for any bytes, and within the limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, fc.nat(100), (bytes, at, limit) => {
        const text = new Utf8Text(limit, unbounded());
        collect(text, bytes, at);
        assert.ok(byteLength(text.parts) <= limit);
      }),
      { numRuns: 400 },
    );
  });

  it('collected text is truncated at a character, and reported only if something is missing', () => {
    const text = new Utf8Text(4, unbounded());
    assert.equal(collect(text, new TextEncoder().encode('abcë'), []), 'abc');
    assert.equal(text.truncated, true);
    const exact = new Utf8Text(5, unbounded());
    assert.equal(collect(exact, new TextEncoder().encode('abcë'), []), 'abcë');
    assert.equal(exact.truncated, false);
  });

  it('collected text shares its budget with others, and releases it', () => {
    const budget = new ByteBudget(10);
    const first = budget.open();
    const text = new Utf8Text(100, first);
    text.append(new Uint8Array(8).fill(65));
    const second = new Utf8Text(100, budget.open());
    second.append(new Uint8Array(8).fill(66));
    assert.equal(byteLength(second.parts), 2);
    assert.equal(second.truncated, true);
    first.release();
    assert.equal(budget.open().take(100), 8);
  });
});
