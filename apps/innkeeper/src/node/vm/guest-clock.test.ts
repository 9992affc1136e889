import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { GuestClock } from './guest-clock.ts';

const second = 1_000_000_000n;

/** A guest whose clock is off by `offset`; `wait` passes while a request travels. */
function guest(offset: bigint, wait = 0n) {
  const state = { nowNs: 1_790_000_000n * second, offset, steps: [] as bigint[], changes: 0 };
  const clock = new GuestClock({
    nowNs: () => state.nowNs,
    adjust: async (stepNs) => {
      state.nowNs += wait;
      state.steps.push(stepNs);
      state.offset += stepNs;
      return state.nowNs + state.offset;
    },
    log: silentLog,
    onChange: () => {
      state.changes += 1;
    },
  });
  return { clock, state, report: (late = 0n) => clock.compare(state.nowNs + state.offset - late) };
}

describe('GuestClock', () => {
  it('a clock that is off by more than 5 s is corrected at the next report, in either direction', async () => {
    for (const offset of [6n * second, -3600n * second]) {
      const { clock, state, report } = guest(offset);
      await report();
      assert.deepEqual([state.offset, state.steps, clock.offsetNs, state.changes], [0n, [0n, -offset], 0n, 1]);
    }
  });

  it('an impossible time of a guest counts as not reported, so that every offset fits into 64 bits', async () => {
    for (const time of [-(2n ** 63n), -1n, 2n ** 62n, 2n ** 63n - 1n]) {
      const { clock, state } = guest(0n);
      await clock.compare(time);
      assert.deepEqual([clock.offsetNs, state.steps], [undefined, []]);
    }
  });

  it('a clock that is off by less than 5 s is left to the guest', async () => {
    const { clock, state, report } = guest(4n * second);
    await report();
    assert.deepEqual([clock.offsetNs, state.steps], [4n * second, []]);
  });

  it('a report that arrives late does not move a clock that is right', async () => {
    const { state, report } = guest(0n);
    await report(30n * second);
    assert.deepEqual([state.offset, state.steps], [0n, [0n]]);
  });

  it('a clock is not moved by what a slow answer says of it', async () => {
    const { state, report } = guest(10n * second, 3n * second);
    await report();
    assert.equal(state.offset, 10n * second);
  });

  it('a clock that somebody set to another time is kept there', async () => {
    const { clock, state, report } = guest(3600n * second);
    clock.noteSet({ targetNs: 3600n * second, residualNs: 0n });
    await report();
    assert.deepEqual([state.offset, state.steps, clock.offsetNs], [3600n * second, [], 3600n * second]);
    state.offset = 0n;
    await report();
    assert.deepEqual([state.offset, clock.offsetNs], [3600n * second, 3600n * second]);
  });

  it('a clock that cannot be set stays reported, and is tried again after 20 s', async () => {
    let tries = 0;
    const nowNs = { value: second * 1000n };
    const clock = new GuestClock({
      nowNs: () => nowNs.value,
      adjust: async () => {
        tries += 1;
        throw new Error('EPERM');
      },
      log: silentLog,
      onChange: () => undefined,
    });
    for (let report = 0; report < 12; report++) {
      await clock.compare(nowNs.value - 60n * second);
      nowNs.value += 5n * second;
    }
    assert.deepEqual([tries, clock.offsetNs], [3, -60n * second]);
  });
});
