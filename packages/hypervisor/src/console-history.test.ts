import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConsoleHistory, consoleHeadBytes, consoleTailBytes } from './console-history.ts';

const pattern = Uint8Array.from({ length: 1_200_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);

function fill(total: number, sizes: readonly number[]): ConsoleHistory {
  const history = new ConsoleHistory();
  let offset = 0;
  for (let index = 0; offset < total; index++) {
    const end = Math.min(total, offset + (sizes[index % sizes.length] ?? 1));
    history.append(pattern.subarray(offset, end));
    offset = end;
  }
  return history;
}

describe('ConsoleHistory', () => {
  it('a console’s history keeps the first and last part and counts the bytes between, however the output is split', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 60_000, max: 600_000 }));
    fc.assert(
      fc.property(fc.nat(pattern.length), fc.array(size, { minLength: 1, maxLength: 40 }), (total, sizes) => {
        // Chunks of at least a thousand bytes, to keep the test short.
        const { head, droppedBytes, tail } = fill(total, [...sizes, 1000]).view();
        assert.equal(head.length, Math.min(total, consoleHeadBytes));
        assert.equal(tail.length, Math.min(total - head.length, consoleTailBytes));
        assert.equal(droppedBytes, total - head.length - tail.length);
        assert.equal(Buffer.compare(head, pattern.subarray(0, head.length)), 0);
        assert.equal(Buffer.compare(tail, pattern.subarray(total - tail.length, total)), 0);
      }),
      { numRuns: 60 },
    );
  });

  it('a console’s history copies its input', () => {
    const history = new ConsoleHistory();
    const bytes = Uint8Array.of(1, 2, 3);
    history.append(bytes);
    bytes.fill(9);
    assert.deepEqual(history.view().head, Uint8Array.of(1, 2, 3));
  });

  it('a console’s history stores single bytes without an object for each', () => {
    const history = fill(consoleHeadBytes + 50_000, [1]);
    assert.equal(history.view().tail.length, 50_000);
  });
});
