import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settle } from '../../fake/manual-clock.ts';
import { InputQueue } from './input-queue.ts';

const body = (value: number): Uint8Array => new Uint8Array([value]);

/** What `takeWhile` took, of those below 10, and what was reported as consumed. */
function queue() {
  const taken: number[] = [];
  let consumed = 0;
  const input = new InputQueue((bytes) => {
    consumed += bytes;
  });
  const take = ([value = 0]: Uint8Array): boolean => {
    if (value === 99) throw new Error('no room');
    if (value < 10) taken.push(value);
    return value < 10;
  };
  return { input, taken, take, consumed: () => consumed };
}

describe('InputQueue.takeWhile()', () => {
  it('takeWhile takes queued and new messages, and leaves the rest to the iterator', async () => {
    const { input, taken, take, consumed } = queue();
    input.push(body(1));
    const over = input.takeWhile(take);
    for (const value of [2, 3, 10, 4]) input.push(body(value));
    input.end();
    await over;
    assert.deepEqual([taken, consumed()], [[1, 2, 3], 3]);
    const rest: number[] = [];
    for await (const [value = 0] of input) rest.push(value);
    assert.deepEqual([rest, consumed(), input.queuedBytes], [[10, 4], 5, 0]);
  });

  it('takeWhile resolves at the end of input, and when the call fails', async () => {
    const { input, take } = queue();
    const over = input.takeWhile(take);
    input.fail(new Error('gone'));
    await over;
    await assert.rejects(input[Symbol.asyncIterator]().next(), /gone/);
    await input.takeWhile(take);
  });

  it('takeWhile rejects with the taker’s error, and does not call it again', async () => {
    const { input, taken, take } = queue();
    const over = input.takeWhile(take);
    input.push(body(99));
    input.push(body(1));
    await assert.rejects(over, /no room/);
    await settle();
    assert.deepEqual(taken, []);
  });
});
