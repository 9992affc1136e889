import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayBody } from './replay-body.ts';

const mib = 1024 * 1024;

async function* pieces(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(bytes).fill(index);
}

async function take(body: AsyncGenerator<Uint8Array>, bytes: number): Promise<number[]> {
  const taken: number[] = [];
  while (taken.length < bytes) {
    const { value, done } = await body.next();
    if (done === true) break;
    taken.push(...(value as Uint8Array));
  }
  return taken;
}

describe('ReplayBody', () => {
  it('a replay body repeats retained bytes from any offset', async () => {
    const body = new ReplayBody(pieces(4, 3), 100);
    assert.deepEqual(await take(body.from(100), 6), [0, 0, 0, 1, 1, 1]);
    assert.deepEqual(await take(body.from(104), 8), [1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it('a replay body skips bytes that the guest already has', async () => {
    const body = new ReplayBody(pieces(3, 4), 0);
    assert.deepEqual(await take(body.from(6), 6), [1, 1, 2, 2, 2, 2]);
  });

  it('a replay body retains at most one mebibyte', async () => {
    const body = new ReplayBody(pieces(64, 64 * 1024), 0);
    for await (const _ of body.from(0));
    await assert.rejects(take(body.from(2 * mib), 1), { reason: 'UPLOAD_GAP' });
    assert.equal((await take(body.from(3 * mib), mib)).length, mib);
  });

  it('a replay body refuses offsets before its beginning and beyond its end', async () => {
    await assert.rejects(take(new ReplayBody(pieces(1, 1), 5).from(4), 1), { reason: 'UPLOAD_GAP' });
    await assert.rejects(take(new ReplayBody(pieces(1, 1), 0).from(2), 1), { reason: 'UPLOAD_GAP' });
  });
});
