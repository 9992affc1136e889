import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { ByteBlocks } from './byte-blocks.ts';

it('blocks of bytes have the last bytes that were appended, however they arrived', () => {
  const step = fc.oneof(
    fc.record({ append: fc.uint8Array({ maxLength: 9000, size: 'max' }) }),
    fc.record({ keepLast: fc.nat(12_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const blocks = new ByteBlocks();
      let expected = Buffer.alloc(0);
      for (const each of steps)
        if ('append' in each) {
          blocks.append(each.append);
          expected = Buffer.concat([expected, each.append]);
        } else {
          blocks.keepLast(each.keepLast);
          expected = expected.subarray(Math.max(0, expected.length - each.keepLast));
        }
      assert.equal(blocks.length, expected.length);
      assert.equal(Buffer.compare(blocks.toBytes(), expected), 0);
    }),
  );
});

it('single bytes share blocks, and dropped blocks are forgotten', () => {
  const blocks = new ByteBlocks();
  for (let count = 0; count < 10_000; count++) blocks.append(Uint8Array.of(count & 255));
  assert.equal(blocks.blockCount, 3);
  blocks.keepLast(100);
  assert.deepEqual([blocks.blockCount, blocks.length], [1, 100]);
  blocks.clear();
  assert.deepEqual([blocks.blockCount, blocks.length, blocks.toBytes().length], [0, 0, 0]);
});
