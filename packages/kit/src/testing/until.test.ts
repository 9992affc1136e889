import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from './until.ts';

describe('until()', () => {
  it('until() asks again until the answer is something, and returns it', async () => {
    const answers = [undefined, false, null, 0];
    assert.equal(await until(() => answers.shift()), 0);
    assert.equal(await until(async () => 'at once'), 'at once');
  });

  it('until() gives up at its limit, and the error says what it waited for', async () => {
    const options = { withinMs: 20, everyMs: 1 };
    await assert.rejects(
      until(() => 1 > 2, options),
      { message: 'not within 20 ms: () => 1 > 2' },
    );
    let asked = 0;
    const counting = until(() => ++asked < 0, { ...options, what: () => `asked ${asked} times` });
    await assert.rejects(counting, /^Error: not within 20 ms: asked \d+ times$/);
    const before = asked;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked, before, 'it still asks');
  });

  it('until() passes an error on, or takes it as “not yet” and names the last one', async () => {
    const error = new Error('refused');
    const ask = (): boolean => {
      throw error;
    };
    await assert.rejects(until(ask), error);
    await assert.rejects(until(ask, { withinMs: 20, retryErrors: true }), { cause: error });
    let asked = 0;
    const later = (): string => (++asked < 3 ? assert.fail('not yet') : 'served');
    assert.equal(await until(later, { retryErrors: true }), 'served');
  });

  it('until() works while a test has replaced the timers', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = 0;
    assert.equal(await until(() => ++asked > 2), true);
  });
});
