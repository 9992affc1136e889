import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { watch } = TelemetryServiceLite;

describe('telemetry', () => {
  it('telemetry is watched in every session, and passed to listeners', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 2000 });
    const counts: (number | undefined)[] = [];
    agent.link.onTelemetry(({ processCount }) => counts.push(processCount));
    await settle();
    assert.deepEqual(requestsOf(agent.call, watch)[0]?.intervalMs, 2000);
    for (const processCount of [4, 5]) {
      agent.connection.answer(agent.call, watch, { processCount });
      await agent.clock.advance(1000);
    }
    await agent.reconnect();
    agent.connection.answer(agent.call, watch, { processCount: 6 });
    await settle();
    assert.deepEqual(counts, [4, 5, 6]);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('flooding telemetry is handled once per second with the newest report, and the last one is not lost', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 2000 });
    const counts: (number | undefined)[] = [];
    agent.link.onTelemetry(({ processCount }) => counts.push(processCount));
    await settle();
    const { call, connection } = agent;
    connection.answer(call, watch, { processCount: 1 });
    await settle();
    for (let processCount = 2; processCount <= 500; processCount++) connection.answer(call, watch, { processCount });
    for (let turns = 0; turns < 20; turns++) await settle();
    await agent.clock.advance(999);
    assert.deepEqual(counts, [1]);
    assert.equal(call.granted < 1024, true, `${call.granted} bytes of credit were given to a flood`);
    await agent.clock.advance(1);
    assert.deepEqual(counts, [1, 500]);
    connection.answer(call, watch, { processCount: 501 });
    await agent.reconnect();
    await agent.clock.advance(2000);
    agent.connection.answer(agent.call, watch, { processCount: 502 });
    await agent.clock.advance(2000);
    assert.deepEqual(counts, [1, 500, 501, 502]);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('malformed telemetry is requested again, and leaves no open call', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 5000 });
    agent.onCall = (call, connection) =>
      connection.send({ case: 'message', value: { callId: call.id, body: new Uint8Array([0x0a, 0x7f]) } });
    await agent.clock.advance(500_000);
    const watches = agent.connection.calls.filter(({ method }) => method === watch.name);
    assert.ok(watches.length > 64);
    assert.ok(watches.slice(0, -1).every(({ canceled }) => canceled));
    await agent.dispose();
  });

  it('telemetry that an agent refuses is requested again after 5 s, not before', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 5000 });
    agent.onCall = (call, connection) => connection.end(call, { reason: 'UNKNOWN_METHOD', message: 'no' });
    await agent.clock.advance(4999);
    assert.equal(agent.connection.calls.length, 1);
    await agent.clock.advance(1);
    assert.equal(agent.connection.calls.filter(({ method }) => method === watch.name).length, 2);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('telemetry is not requested if its interval is 0', async () => {
    const agent = new ScriptedAgent({ telemetryIntervalMs: 0 });
    await agent.clock.advance(1000);
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });
});
