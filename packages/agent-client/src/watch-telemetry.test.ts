import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { watch } = TelemetryServiceLite;

describe('telemetry', () => {
  it('is watched in every session, and told to those who listen', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 2000 });
    const counts: (number | undefined)[] = [];
    agent.link.onTelemetry(({ processCount }) => counts.push(processCount));
    await settle();
    assert.deepEqual(requestsOf(agent.call, watch)[0]?.intervalMs, 2000);
    for (const processCount of [4, 5]) agent.connection.answer(agent.call, watch, { processCount });
    await settle();
    await agent.reconnect();
    agent.connection.answer(agent.call, watch, { processCount: 6 });
    await settle();
    assert.deepEqual(counts, [4, 5, 6]);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('that an agent refuses is asked for again after 5 s, not before', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 5000 });
    agent.onCall = (call, connection) => connection.end(call, { reason: 'UNKNOWN_METHOD', message: 'no' });
    await agent.clock.advance(4999);
    assert.equal(agent.connection.calls.length, 1);
    await agent.clock.advance(1);
    assert.equal(agent.connection.calls.filter(({ method }) => method === watch.name).length, 2);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('that is not wanted is not asked for', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 0 });
    await agent.clock.advance(1000);
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });
});
