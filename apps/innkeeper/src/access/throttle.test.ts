import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Throttle } from './throttle.ts';

describe('Throttle', () => {
  it('allows a burst of tries, then one per interval', () => {
    let nowMs = 1000;
    const throttle = new Throttle({ burst: 3, intervalMs: 100 }, () => nowMs);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => throttle.take('a')),
      [0, 0, 0, 100],
    );
    nowMs += 60;
    assert.equal(throttle.take('a'), 40);
    nowMs += 40;
    assert.deepEqual([throttle.take('a'), throttle.take('a')], [0, 100]);
    nowMs += 10_000;
    assert.deepEqual(
      [1, 2, 3, 4].map(() => throttle.take('a')),
      [0, 0, 0, 100],
    );
    assert.equal(throttle.take('b'), 0);
  });

  it('returns a try, up to the maximum', () => {
    const throttle = new Throttle({ burst: 1, intervalMs: 100 }, () => 0);
    throttle.take('a');
    throttle.giveBack('a');
    throttle.giveBack('a');
    assert.deepEqual([throttle.take('a'), throttle.take('a')], [0, 100]);
  });

  it('locks nobody out for long when the clock is set back', () => {
    let nowMs = 1_000_000;
    const throttle = new Throttle({ burst: 1, intervalMs: 100 }, () => nowMs);
    throttle.take('a');
    nowMs = 5;
    assert.ok(throttle.take('a') <= 100);
    nowMs = 105;
    assert.equal(throttle.take('a'), 0);
  });

  it('remembers 10,000 keys, however many there are', () => {
    const throttle = new Throttle({ burst: 1, intervalMs: 100 }, () => 0);
    for (let key = 0; key < 30_000; key += 1) throttle.take(`key ${key}`);
    assert.equal(throttle.size, 10_000);
    assert.equal(throttle.take('key 29999'), 100);
  });
});
