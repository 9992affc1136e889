import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Block } from './block.ts';
import { levels } from './levels.ts';

const [fine, minutes] = levels;

describe('a block of history', () => {
  it('a block of history is unchanged after being packed and unpacked', () => {
    const block = new Block(fine, 600_000);
    block.add('cpu.busy_percent', 0, 12.5);
    block.add('cpu.busy_percent', 119, 99);
    block.add('memory.used_bytes', 3, 2 ** 33);
    const packed = block.pack();
    const again = Block.unpack(fine, 600_000, packed);
    assert.deepEqual(again.metrics, ['cpu.busy_percent', 'memory.used_bytes']);
    assert.equal(again.get('cpu.busy_percent')?.average[0], 12.5);
    assert.equal(again.get('cpu.busy_percent')?.maximum[119], 99);
    assert.equal(again.get('memory.used_bytes')?.minimum[3], 2 ** 33);
  });

  it('a block of history has NaN for slots without measurements', () => {
    const block = new Block(fine, 0);
    block.add('a', 1, 5);
    assert.ok(Number.isNaN(block.get('a')?.average[0]));
    assert.ok(Number.isNaN(Block.unpack(fine, 0, block.pack()).get('a')?.minimum[2]));
  });

  it('a block of history keeps average, minimum and maximum of a slot', () => {
    const block = new Block(minutes, 0);
    for (const value of [10, 20, 60]) block.add('a', 7, value);
    const series = block.get('a');
    assert.deepEqual([series?.average[7], series?.minimum[7], series?.maximum[7]], [30, 10, 60]);
  });

  it('a block of history maps times to slots, and rejects times outside of it', () => {
    const block = new Block(fine, 600_000);
    assert.equal(block.slotOf(600_000), 0);
    assert.equal(block.slotOf(604_999), 0);
    assert.equal(block.slotOf(1_199_999), 119);
    assert.equal(block.slotOf(1_200_000), -1);
    assert.equal(block.slotOf(599_999), -1);
  });

  it('a block of history is limited whatever names a guest invents', () => {
    const block = new Block(fine, 0);
    for (let index = 0; index < 10_000; index++) block.add(`mount.${index}`, 0, 1);
    assert.equal(block.metrics.length, 96);
    assert.ok(block.pack().length < 100_000);
  });

  it('malformed blocks of history are refused', () => {
    assert.throws(() => Block.unpack(fine, 0, new Uint8Array([1, 2, 3])));
  });
});
