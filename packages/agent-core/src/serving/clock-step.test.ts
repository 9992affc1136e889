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
  it('steps after a pause: the node went on while the guest stood still', () => {
    const paused = { ...facts, guestWallNs: now - 60n * second, guestMonotonicNs: 1040n * second };
    assert.equal(shouldStepClock(paused), true);
  });

  it('steps after the restore of an old snapshot', () => {
    const day = 86_400n * second;
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now - day, nodeWallNs: now + day }), true);
  });

  it('steps at a boot before the build date, at the first hello already', () => {
    const cold = { ...facts, guestWallNs: 315_532_800n * second, last: undefined };
    assert.equal(shouldStepClock(cold), true);
  });

  it('leaves a clock alone that is off without a pause: that is the time service’s', () => {
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now + 3600n * second }), false);
    assert.equal(shouldStepClock({ ...facts, guestWallNs: now - 3600n * second, last: undefined }), false);
  });

  it('leaves a clock alone that a time service put right after the pause', () => {
    assert.equal(shouldStepClock({ ...facts, guestMonotonicNs: 1040n * second }), false);
  });

  it('leaves a clock alone that is less than a second off', () => {
    const small = { ...facts, guestWallNs: now - second / 2n, guestMonotonicNs: 1040n * second };
    assert.equal(shouldStepClock(small), false);
  });

  it('never steps where the node forbids it, nor to a time before the build', () => {
    assert.equal(shouldStepClock({ ...facts, guestWallNs: 0n, mayStep: false }), false);
    assert.equal(shouldStepClock({ ...facts, guestWallNs: 0n, nodeWallNs: 1n * second }), false);
  });
});
