import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExecEnding } from '@innkeeper/contract/agent-lite';
import { createDeferred } from '@innkeeper/kit';
import { FakeLinkClock } from '../native/fake/fake-link-clock.ts';
import type { ForeignAgent, ForeignExit } from './foreign-agent.ts';
import { ForeignExec } from './foreign-exec.ts';

describe('a command of a foreign agent with a timeout', () => {
  it('is not killed when it has ended since it was last looked at, and counts as ended by itself', async () => {
    const clock = new FakeLinkClock();
    const end = createDeferred<ForeignExit>();
    const signals: number[] = [];
    const agent: ForeignAgent = {
      dialect: 'qga',
      title: 'The agent',
      sampleMs: 1000,
      open: () => Promise.reject(new Error('unused')),
      sample: () => Promise.reject(new Error('unused')),
      ping: () => Promise.reject(new Error('unused')),
      calls: new Map(),
      start: async () => ({
        pid: 7,
        ended: () => end.promise,
        look: async () => {
          const nothing = new Uint8Array(0);
          end.resolve({ status: { case: 'exitCode', value: 5 }, stdout: nothing, stderr: nothing, truncated: false });
        },
        kill: async (signal) => void signals.push(signal),
      }),
      close: async () => undefined,
    };
    const exec = new ForeignExec({
      agent,
      clock,
      spec: { id: 'a', argv: ['true'], timeoutMs: 1000 },
      options: {},
      closed: new AbortController().signal,
      ready: async () => undefined,
    });
    const events = (async () => {
      const all = [];
      for await (const { event } of exec.events) all.push(event);
      return all;
    })();
    await clock.advance(1500);
    const last = (await events).at(-1);
    assert.ok(last?.case === 'exited');
    assert.deepEqual([last.value.status, last.value.ending], [{ case: 'exitCode', value: 5 }, ExecEnding.EXITED]);
    assert.deepEqual(signals, []);
  });
});
