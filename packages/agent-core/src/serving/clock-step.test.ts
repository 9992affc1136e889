import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClockFacts, shouldStepClock } from './clock-step.ts';

const second = 1_000_000_000n;
const build = 1_700_000_000n * second;
const now = 1_790_000_000n * second;

const facts: ClockFacts = {
  nodeWallNs: now,
  guestWallNs: now,
  mayStep: true,
  last: { nodeWallNs: now - 100n * second, guestMonotonicNs: 1000n * second },
  guestMonotonicNs: 1100n * second,
  buildTimeNs: build,
};

describe('shouldStepClock()', () => {
  it('the clock is stepped after a pause, when only the node’s time advanced', () => {
    const paused = { ...facts, guestWallNs: now - 60n * second, guestMonotonicNs: 1040n * second };
    assert.equal(shouldStepClock(paused), true);
  });

  it('the clock is stepped after the restore of an old snapshot', () => {
    const day = 86_400n * second;
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now - day, nodeWallNs: now + day }), true);
  });

  it('a clock before the build date is stepped at the first hello', () => {
    const cold = { ...facts, guestWallNs: 315_532_800n * second, last: undefined };
    assert.equal(shouldStepClock(cold), true);
  });

  it('a clock that is off without a pause is left to the time service', () => {
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now + 3600n * second }), false);
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now - 3600n * second, last: undefined }), false);
  });

  it('a clock that a time service corrected after the pause is not stepped', () => {
    assert.equal(shouldStepClock({ ...facts, guestMonotonicNs: 1040n * second }), false);
  });

  it('a clock that is less than a second off is not stepped', () => {
    const small = { ...facts, guestWallNs: now - second / 2n, guestMonotonicNs: 1040n * second };
    assert.equal(shouldStepClock(small), false);
  });

  it('the clock is never stepped if the node forbids it, or to a time before the build', () => {
    assert.equal(shouldStepClock({ ...facts, guestWallNs: 0n, mayStep: false }), false);
    assert.equal(shouldStepClock({ ...facts, guestWallNs: 0n, nodeWallNs: 1n * second }), false);
  });
});
