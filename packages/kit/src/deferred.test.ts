import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeferred } from './deferred.ts';

describe('createDeferred()', () => {
  it('a deferred settles its promise from outside, once', async () => {
    const resolved = createDeferred<number>();
    resolved.resolve(1);
    resolved.resolve(2);
    resolved.reject(new Error('late'));
    assert.equal(await resolved.promise, 1);
    const rejected = createDeferred<number>();
    rejected.reject(new Error('no'));
    await assert.rejects(rejected.promise, /no/);
  });
});
