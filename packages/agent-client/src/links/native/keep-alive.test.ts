import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';

const { ping } = TelemetryServiceLite;

describe('a silent agent', () => {
  it('a silent agent is pinged after 5 s and 10 s, and lost after 15 s', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const asked = (): number => agent.connections[0]?.calls.length ?? 0;
    for (const [ms, calls] of [
      [4999, 0],
      [1, 1],
      [4999, 1],
      [1, 2],
      [4999, 2],
    ] as const) {
      await agent.clock.advance(ms);
      assert.equal(asked(), calls);
      assert.equal(agent.link.state.state, 'connected');
    }
    assert.equal(agent.connection.calls[0]?.method, ping.name);
    await agent.clock.advance(1);
    assert.deepEqual(agent.link.state.state === 'lost' && agent.link.state.reason, 'nothing heard for 15 s');
    assert.ok(agent.connections[0]?.closed);
    await agent.dispose();
  });

  it('any valid frame of an agent postpones the ping', async () => {
    const agent = new ScriptedAgent();
    await settle();
    agent.link.exec({ argv: ['x'] });
    await settle();
    for (let count = 0; count < 10; count++) {
      await agent.clock.advance(3000);
      agent.connection.send({ case: 'credit', value: { callId: 1, bytes: 1 } });
      await settle();
    }
    assert.equal(agent.connection.calls.length, 1);
    assert.equal(agent.link.lastSeenMs, agent.clock.nowMs());
    await agent.clock.advance(5000);
    assert.equal(agent.connection.calls.length, 2);
    await agent.dispose();
  });

  it('an agent that answers a ping is not lost, whatever the answer', async () => {
    const agent = new ScriptedAgent();
    agent.onCall = (call, connection) => connection.end(call, { reason: 'UNKNOWN_METHOD', message: 'no ping here' });
    await agent.clock.advance(120_000);
    assert.equal(agent.connections.length, 1);
    assert.equal(agent.connection.calls.length, 24);
    await agent.dispose();
  });

  it('a paused agent is neither pinged nor lost, and has 15 s after the pause', async () => {
    let isPaused = true;
    const agent = new ScriptedAgent({ isPaused: async () => isPaused });
    await agent.clock.advance(600_000);
    assert.deepEqual([agent.link.state.state, agent.connection.calls.length], ['connected', 0]);
    isPaused = false;
    await agent.clock.advance(14_999);
    assert.equal(agent.link.state.state, 'connected');
    assert.ok(agent.connection.calls.length > 0);
    await agent.clock.advance(5001);
    assert.equal(agent.connections.length, 2);
    await agent.dispose();
  });

  it('a silent agent is lost in time if the hypervisor cannot report whether it is paused', async () => {
    const agent = new ScriptedAgent({
      isPaused: async () => {
        throw new Error('the hypervisor does not answer');
      },
    });
    await agent.clock.advance(15_200);
    assert.equal(agent.connections.length, 2);
    assert.equal(agent.link.state.state, 'connected');
    await agent.dispose();
  });

  it('a slow hypervisor does not delay the reconnect of a link', async () => {
    const agent = new ScriptedAgent({ isPaused: () => new Promise(() => undefined) });
    await agent.clock.advance(6000);
    await agent.reconnect();
    assert.equal(agent.connections.length, 2);
    await agent.dispose();
  });

  it('an agent that never answers a ping has at most two open', async () => {
    const agent = new ScriptedAgent();
    await settle();
    agent.link.exec({ argv: ['x'] });
    for (let count = 0; count < 100; count++) {
      await agent.clock.advance(6000);
      agent.connection.send({ case: 'credit', value: { callId: 1, bytes: 1 } });
      await settle();
    }
    const asked = agent.connection.calls.slice(1);
    assert.ok(asked.length > 60, `${asked.length}`);
    assert.ok(asked.filter(({ canceled }) => !canceled).length <= 2);
    assert.equal(agent.connections.length, 1);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });
});
