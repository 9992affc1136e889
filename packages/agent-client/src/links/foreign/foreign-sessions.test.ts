import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { FakeLinkClock } from '../native/fake/fake-link-clock.ts';
import type { ForeignAgent } from './foreign-agent.ts';
import { ForeignSessions } from './foreign-sessions.ts';

/** Sessions with an agent that sends no figures. */
function silentAgent(ping: ForeignAgent['ping']) {
  const clock = new FakeLinkClock();
  const lost: string[] = [];
  const agent: ForeignAgent = {
    dialect: 'agent-message',
    title: 'The agent',
    sampleMs: 1000,
    open: async () => ({ version: '1', capabilities: [], system: {} }),
    sample: () => new Promise(() => undefined),
    ping,
    calls: new Map(),
    close: async () => undefined,
  };
  const sessions = new ForeignSessions({
    agent,
    clock,
    log: silentLog,
    sampleMs: 1000,
    onFound: () => undefined,
    onLost: (why) => lost.push(why),
    onSample: () => undefined,
  });
  return { clock, lost, sessions };
}

describe('a foreign agent that reports seldom', () => {
  it('is asked when a report is late, and is not lost as long as it answers', async () => {
    let pings = 0;
    const { clock, lost, sessions } = silentAgent(async () => void pings++);
    await clock.advance(100_000);
    assert.deepEqual([pings, lost], [3, []]);
    assert.ok((sessions.lastSeenMs ?? 0) > 90_000);
    await sessions.close();
  });

  it('is lost when it does not answer the question either', async () => {
    const { clock, lost, sessions } = silentAgent(() => new Promise(() => undefined));
    await clock.advance(44_000);
    assert.deepEqual(lost, []);
    await clock.advance(2000);
    assert.deepEqual(lost, ['The agent did not answer within 15 s.']);
    await sessions.close();
  });
});
