import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { parseChunk } from './parse-chunk.ts';

const encode = (offset: bigint, data: Uint8Array): Uint8Array =>
  liteEncode(FileServiceLite.write.input, { input: { case: 'chunk', value: { offset, data } } });

describe('parseChunk()', () => {
  it('parseChunk finds offset and data of chunks of all sizes', () => {
    for (const offset of [0n, 1n, 127n, 128n, 61_440n, 5_000_000_000n, 2n ** 48n])
      for (const length of [1, 127, 128, 16_384, 61_440]) {
        const body = encode(offset, new Uint8Array(length).fill(7));
        const place = parseChunk(body);
        assert.deepEqual([place?.offset, place && body.length - place.start], [Number(offset), length]);
      }
  });

  it('parseChunk leaves every other message to the decoder', () => {
    const chunk = encode(300n, new Uint8Array(40));
    const commit = liteEncode(FileServiceLite.write.input, { input: { case: 'commit', value: {} } });
    assert.equal(parseChunk(commit), undefined);
    assert.equal(parseChunk(new Uint8Array(0)), undefined);
    assert.equal(parseChunk(new Uint8Array([...chunk, 0x08, 0x00])), undefined);
    assert.equal(parseChunk(encode(2n ** 60n, new Uint8Array(3))), undefined);
    for (let length = 0; length < chunk.length; length++)
      assert.equal(parseChunk(chunk.subarray(0, length)), undefined);
  });
});
