import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChannelPair } from '../fake/channel-pair.ts';
import { ManualClock, settle } from '../fake/manual-clock.ts';
import { serveInTurn } from './serve-in-turn.ts';

describe('serveInTurn()', () => {
  it('a peer that does not read its answer is left after the idle time', async () => {
    const clock = new ManualClock();
    const [, theirs] = createChannelPair();
    let isOver = false;
    serveInTurn({
      channel: theirs,
      clock,
      firstBytes: new Uint8Array(1),
      signal: new AbortController().signal,
      idleMs: 1000,
      receive: (bytes) => [bytes],
      // The channel takes the first part, and then no more.
      answer: async () => ({ parts: [new Uint8Array(300_000), new Uint8Array(1)], isLast: false }),
    })
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    await settle();
    await clock.advance(999);
    await settle();
    assert.equal(isOver, false);
    await clock.advance(2);
    await settle();
    assert.equal(isOver, true);
  });
});
