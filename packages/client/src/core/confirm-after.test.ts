import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { confirmAfter } from './confirm-after.ts';

/** Records the calls; `fail` are the errors of the first ones. */
function calls(...fail: OperationError[]) {
  const made: string[] = [];
  const call = (name: string) => async (): Promise<void> => {
    made.push(name);
    const error = fail.shift();
    if (error !== undefined) throw error;
  };
  return { made, confirm: call('confirm'), rollBack: call('rollBack') };
}
const options = { withinMs: 5000, signal: undefined };

describe('a change that is confirmed after its check', () => {
  it('a change is confirmed when its check succeeds, and rolled back with the error of a check that fails', async () => {
    const good = calls();
    assert.equal(await confirmAfter(good, options, async () => 7), 7);
    assert.deepEqual(good.made, ['confirm']);
    const bad = calls();
    const work = async (): Promise<void> => {
      throw new Error('not reachable');
    };
    await assert.rejects(confirmAfter(bad, options, work), /not reachable/);
    assert.deepEqual(bad.made, ['rollBack']);
  });

  it('a change is rolled back when its signal is aborted, although its check succeeds', async () => {
    const made = calls();
    const abort = new AbortController();
    const work = async (signal: AbortSignal): Promise<void> => {
      abort.abort(new Error('stopped'));
      assert.equal(signal.aborted, true);
    };
    await assert.rejects(confirmAfter(made, { ...options, signal: abort.signal }, work), /stopped/);
    assert.deepEqual(made.made, ['rollBack']);
  });

  it('a confirmation is tried again while the agent cannot be reached, and rejects when the guest has rolled back', async () => {
    const away = new OperationError('AGENT_UNREACHABLE', 'The agent does not answer.');
    const late = calls(away);
    await confirmAfter(late, options, async () => undefined);
    assert.deepEqual(late.made, ['confirm', 'confirm']);
    const ended = calls(away, new OperationError('NETWORK_ENDED', 'It was rolled back.'));
    await assert.rejects(
      confirmAfter(ended, options, async () => undefined),
      { reason: 'NETWORK_ENDED' },
    );
    assert.deepEqual(ended.made, ['confirm', 'confirm']);
  });
});
