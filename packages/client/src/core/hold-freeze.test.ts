import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { holdFreeze } from './hold-freeze.ts';

const torn = new OperationError('FREEZE_ENDED', 'torn');
const unreachable = new OperationError('AGENT_UNREACHABLE', 'gone');
const settings = { leaseMs: 8000, signal: undefined };

describe('holdFreeze()', () => {
  it('the lease is renewed four times in its length while the work runs, and the thaw comes last', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const calls: string[] = [];
      const freeze = { renew: async () => calls.push('renew'), thaw: async () => calls.push('thaw') };
      const result = await holdFreeze(freeze, settings, async () => {
        for (let tick = 0; tick < 4; tick++) {
          mock.timers.tick(2000);
          // The renewal's promises settle.
          for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        }
        calls.push('worked');
        return 5;
      });
      assert.deepEqual([result, calls], [5, ['renew', 'renew', 'renew', 'renew', 'worked', 'thaw']]);
    } finally {
      mock.timers.reset();
    }
  });

  it('the guest is thawed when the work fails, and the work’s error is kept even if the thaw fails', async () => {
    let thaws = 0;
    const work = async (): Promise<never> => {
      throw new Error('copy failed');
    };
    const good = { renew: async () => undefined, thaw: async () => thaws++ };
    await assert.rejects(holdFreeze(good, settings, work), /copy failed/);
    const bad = { renew: async () => undefined, thaw: () => Promise.reject(new Error('thaw failed')) };
    await assert.rejects(holdFreeze(bad, settings, work), /copy failed/);
    await assert.rejects(
      holdFreeze(bad, settings, async () => 1),
      /thaw failed/,
    );
    assert.equal(thaws, 1);
  });

  it('a freeze that was lost is the error, whatever the work did, and the work is told', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const freeze = { renew: () => Promise.reject(torn), thaw: () => Promise.reject(torn) };
      const reasons: unknown[] = [];
      const work = async (signal: AbortSignal): Promise<string> => {
        mock.timers.tick(2000);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        reasons.push(signal.reason);
        return 'done all the same';
      };
      await assert.rejects(holdFreeze(freeze, settings, work), torn);
      assert.deepEqual(reasons, [torn]);
    } finally {
      mock.timers.reset();
    }
  });

  it('a thaw that does not reach the agent is tried again', async () => {
    let tries = 0;
    const thaw = async (): Promise<void> => {
      if (tries++ === 0) throw unreachable;
    };
    await holdFreeze({ renew: async () => undefined, thaw }, settings, async () => undefined);
    assert.equal(tries, 2);
  });
});
