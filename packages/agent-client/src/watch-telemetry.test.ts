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
    for (const processCount of [4, 5]) {
      agent.connection.answer(agent.call, watch, { processCount });
      await agent.clock.advance(250);
    }
    await agent.reconnect();
    agent.connection.answer(agent.call, watch, { processCount: 6 });
    await settle();
    assert.deepEqual(counts, [4, 5, 6]);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('that floods is taken four times a second, and always the newest of it', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 5000 });
    const counts: (number | undefined)[] = [];
    agent.link.onTelemetry(({ processCount }) => counts.push(processCount));
    await settle();
    for (let count = 1; count <= 20; count++) {
      for (let report = 0; report < 50; report++)
        agent.connection.answer(agent.call, watch, { processCount: 100 * count + report });
      await agent.clock.advance(50);
    }
    assert.ok(counts.length <= 5, `${counts}`);
    assert.equal((counts.at(-1) ?? 0) % 100, 49);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('that is malformed is asked for again, and leaves no call behind', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 5000 });
    agent.onCall = (call, connection) =>
      connection.send({ case: 'message', value: { callId: call.id, body: new Uint8Array([0x0a, 0x7f]) } });
    await agent.clock.advance(500_000);
    const watches = agent.connection.calls.filter(({ method }) => method === watch.name);
    assert.ok(watches.length > 64);
    assert.ok(watches.slice(0, -1).every(({ canceled }) => canceled));
    await agent.dispose();
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
