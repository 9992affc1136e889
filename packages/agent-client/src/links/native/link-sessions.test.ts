import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkState } from '../../agent-link.ts';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';

function states(agent: ScriptedAgent): string[] {
  const seen: string[] = [agent.link.state.state];
  agent.link.onState(({ state }: LinkState) => seen.push(state));
  return seen;
}

describe('a link', () => {
  it('a link waits, connects, is lost and reconnects', async () => {
    const agent = new ScriptedAgent();
    const seen = states(agent);
    await settle();
    assert.equal(agent.connection.hello?.vmName, 'vm');
    await agent.reconnect();
    assert.deepEqual(seen, ['waiting', 'connected', 'lost', 'connected']);
    assert.equal(agent.connections.length, 2);
    assert.ok(agent.connections[0]?.closed);
    await agent.dispose();
  });

  it('a link reports since when it is lost, however often it retries', async () => {
    const agent = new ScriptedAgent();
    const seen = states(agent);
    await settle();
    agent.refusals.push(...Array.from({ length: 20 }, () => new Error('not listening')));
    agent.connection.hangUp();
    await settle();
    const since = agent.clock.nowMs();
    await agent.clock.advance(2000);
    assert.deepEqual(agent.link.state, { state: 'lost', since, reason: 'the channel was closed' });
    assert.deepEqual(seen, ['waiting', 'connected', 'lost']);
    await agent.clock.advance(5000);
    assert.equal(agent.link.state.state, 'connected');
    await agent.dispose();
  });

  it('a link retries on a new connection with another nonce, after 1, 2, 4 and then every 5 s', async () => {
    const agent = new ScriptedAgent();
    agent.onHello = () => undefined;
    const startMs = agent.clock.nowMs();
    const madeAtMs: number[] = [];
    for (let count = 1; count <= 6; count++) {
      while (agent.connections.length < count) await agent.clock.advance(50);
      madeAtMs.push(agent.clock.nowMs() - startMs);
    }
    assert.deepEqual(madeAtMs, [0, 1200, 3400, 7600, 12_800, 18_000]);
    const nonces = new Set(agent.connections.map(({ session }) => Buffer.from(session).toString('hex')));
    assert.equal(nonces.size, 6);
    assert.ok(agent.connections.slice(0, -1).every(({ closed }) => closed));
    assert.equal(agent.link.state.state, 'waiting');
    await agent.dispose();
  });

  it('a link reconnects to a misbehaving guest less and less often', async () => {
    const agent = new ScriptedAgent();
    agent.onHello = (connection) => {
      connection.welcome();
      connection.sendBytes(new Uint8Array([1, 2, 3]));
    };
    await settle();
    for (const waitMs of [1000, 5000, 15_000, 30_000, 30_000]) {
      const before = agent.connections.length;
      await agent.clock.advance(waitMs - 1);
      assert.equal(agent.connections.length, before, `${waitMs}`);
      await agent.clock.advance(1);
      assert.equal(agent.connections.length, before + 1, `${waitMs}`);
    }
    await agent.dispose();
  });

  it('a link slows down for a guest that keeps hanging up or saying goodbye', async () => {
    for (const end of ['hangUp', 'goodbye', 'no welcome'] as const) {
      const agent = new ScriptedAgent();
      agent.onHello = (connection) => {
        if (end !== 'no welcome') connection.welcome();
        if (end === 'goodbye') connection.send({ case: 'goodbye', value: { reason: 'stopping' } });
        else connection.hangUp();
      };
      await agent.clock.advance(60_000);
      assert.ok(agent.connections.length < 20, `${end}: ${agent.connections.length} connections in a minute`);
      await agent.dispose();
    }
  });

  it('a link remembers a guest’s misbehaviour when a later session ends normally', async () => {
    const agent = new ScriptedAgent();
    let count = 0;
    agent.onHello = (connection) => {
      connection.welcome();
      if (count++ % 2 === 0) connection.sendBytes(new Uint8Array([1, 2, 3]));
      else connection.send({ case: 'goodbye', value: { reason: 'stopping' } });
    };
    await agent.clock.advance(120_000);
    assert.ok(count < 15, `${count} connections in two minutes`);
    await agent.dispose();
  });

  it('a link survives a listener that throws, and calls the others', async () => {
    const agent = new ScriptedAgent();
    agent.link.onState(() => {
      throw new Error('the listener failed');
    });
    const seen = states(agent);
    await agent.clock.advance(1);
    await agent.reconnect();
    assert.deepEqual(seen, ['waiting', 'connected', 'lost', 'connected']);
    await agent.dispose();
  });

  it('a removed listener of a link is not called any more', async () => {
    const agent = new ScriptedAgent();
    const seen: string[] = [];
    const takeAway = agent.link.onState(({ state }) => seen.push(state));
    await settle();
    takeAway();
    await agent.reconnect();
    assert.deepEqual(seen, ['connected']);
    await agent.dispose();
  });
});

describe('closing a link', () => {
  it('closing a link leaves no timer and no connection, whatever its state', async () => {
    const arrangements: ((agent: ScriptedAgent) => Promise<void>)[] = [
      async () => undefined,
      async () => settle(),
      async (agent) => {
        agent.onHello = () => undefined;
        await settle();
      },
      async (agent) => {
        await agent.clock.advance(7000);
      },
      async (agent) => {
        await settle();
        agent.connection.hangUp();
        await settle();
      },
      async (agent) => {
        agent.refusals.push(new Error('not listening'), new Error('not listening'));
        await agent.clock.advance(100);
      },
    ];
    for (const [index, arrange] of arrangements.entries()) {
      const agent = new ScriptedAgent();
      await arrange(agent);
      await agent.dispose();
      assert.equal(agent.clock.pendingTimers, 0, `arrangement ${index}`);
      assert.ok(
        agent.connections.every(({ closed }) => closed),
        `arrangement ${index}`,
      );
      const made = agent.connections.length;
      await agent.clock.advance(60_000);
      assert.equal(agent.connections.length, made, `arrangement ${index}`);
    }
  });

  it('closing a link aborts a connection in progress', async () => {
    const agent = new ScriptedAgent({
      connect: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    });
    await settle();
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('closing a link fails pending and later calls with CANCELED', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const asked = agent.link.ping();
    const exec = agent.link.exec({ argv: ['true'] });
    const following = exec.events[Symbol.asyncIterator]().next();
    const reading = agent.link.readFile({ path: '/x' }).chunks[Symbol.asyncIterator]().next();
    const writing = agent.link.writeFile({ path: '/x', uploadId: 'u' }, async function* () {
      yield new Uint8Array(1);
    });
    const all = [asked, following, reading, writing];
    const rejected = Promise.all(all.map((work) => assert.rejects(work, { reason: 'CANCELED' })));
    await settle();
    await agent.dispose();
    await rejected;
    await assert.rejects(agent.link.ping(), { reason: 'CANCELED' });
    assert.equal(agent.clock.pendingTimers, 0);
  });
});
