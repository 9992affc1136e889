import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sendAgent } from './update-agent.ts';

const manifest = { signature: new Uint8Array(64), sha256: new Uint8Array(32), size: 3n };

/** Sends an agent to a guest that says this much of an update, and then neither goes on nor ends it. */
function sendTo(events: readonly object[], signal = new AbortController().signal): Promise<void> {
  async function* stream() {
    yield* events;
    await new Promise(() => undefined);
  }
  const link = { stream } as unknown as Parameters<typeof sendAgent>[0];
  return sendAgent(link, manifest, new Uint8Array(3), { signal, stage: () => undefined });
}

describe('sending an agent to a guest that hangs', () => {
  for (const [what, events] of [
    ['never takes the manifest', []],
    ['never begins with the program', [{ event: { case: 'accepted', value: {} } }]],
  ] as const)
    it(`a guest that ${what} fails with DEADLINE_EXCEEDED after 10 minutes`, async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const sent = sendTo(events);
      sent.catch(() => undefined);
      await nextTurn();
      t.mock.timers.tick(599_000);
      assert.equal(await Promise.race([sent, nextTurn('waits')]), 'waits');
      t.mock.timers.tick(1000);
      const late = { reason: 'DEADLINE_EXCEEDED', message: /did not change its agent within 10 minutes/ };
      await assert.rejects(Promise.race([sent, nextTurn()]), late);
    });

  it('a cancellation ends it at once, and a guest that has said that it changes its agent is asked which one it has', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const canceled = new AbortController();
    const sent = sendTo([], canceled.signal);
    canceled.abort(new Error('no more'));
    await assert.rejects(sent, /no more/);
    const switching = sendTo([{ event: { case: 'switching', value: { commands: 0 } } }]);
    await nextTurn();
    t.mock.timers.tick(600_000);
    await switching;
  });
});
