import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '@innkeeper/agent-core/fake';
import { RefreshPace } from './refresh-pace.ts';

function paced() {
  const clock = new ManualClock();
  const atMs: number[] = [];
  const pace = new RefreshPace({
    timers: clock,
    nowMs: () => clock.monotonicMs(),
    refresh: async () => void atMs.push(clock.monotonicMs()),
  });
  return { clock, atMs, pace };
}

describe('the pace of refreshes', () => {
  it('the first change refreshes at once, and a burst once more', async () => {
    const { clock, atMs, pace } = paced();
    pace.changed();
    await clock.advance(0);
    for (let count = 0; count < 100; count++) pace.changed();
    await clock.advance(60_000);
    assert.deepEqual(atMs, [0, 1000]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('changes that go on refresh ever more slowly, up to every 10 s, and as fast as before after a quiet time', async () => {
    const { clock, atMs, pace } = paced();
    for (let second = 0; second < 60; second++) {
      pace.changed();
      await clock.advance(1000);
    }
    assert.ok(atMs.length < 10, `${atMs}`);
    const last = (atMs.at(-1) ?? 0) - (atMs.at(-2) ?? 0);
    assert.equal(last, 10_000);
    await clock.advance(30_000);
    const before = atMs.length;
    pace.changed();
    await clock.advance(0);
    pace.changed();
    await clock.advance(1000);
    assert.ok(atMs.length >= before + 1, `${atMs}`);
  });

  it('nothing is refreshed while paused, and what changed meanwhile afterwards', async () => {
    const { clock, atMs, pace } = paced();
    pace.isPaused = true;
    pace.changed();
    await clock.advance(60_000);
    assert.deepEqual(atMs, []);
    pace.isPaused = false;
    await clock.advance(0);
    assert.equal(atMs.length, 1);
    pace.changed();
    pace.stop();
    await clock.advance(60_000);
    assert.equal(atMs.length, 1);
  });
});
