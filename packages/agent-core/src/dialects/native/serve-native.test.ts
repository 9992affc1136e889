import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite, ProcessServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { type Channel, silentLog } from '@innkeeper/kit';
import { encodeFrame, openingBytes, portableByteOps } from '@innkeeper/wire';
import { createAgent } from '../../agent.ts';
import { startFakeAgent } from '../../fake/fake-agent.ts';
import { FakeHost } from '../../fake/fake-host.ts';
import { settle } from '../../fake/manual-clock.ts';

const { ping, watch } = TelemetryServiceLite;
const { read, write } = FileServiceLite;

describe('serveNative()', () => {
  it('the welcome carries the agent’s identity and the guest’s clocks', async () => {
    const { node, host } = await startFakeAgent();
    const [welcome] = node.welcomes;
    assert.equal(welcome?.version, 1);
    assert.equal(welcome?.bootId, 'b007b007-0000-4000-8000-000000000001');
    assert.match(welcome?.agentInstance ?? '', /^[0-9a-f]{32}$/);
    assert.equal(welcome?.pid, host.system.pid);
    assert.equal(welcome?.clockOffsetNs, 0n);
    assert.ok(welcome?.capabilities.includes('exec.resume'));
    assert.deepEqual([...(welcome?.capabilities ?? [])].sort(), welcome?.capabilities);
  });

  it('a node with another protocol version gets no welcome', async () => {
    const { node } = await startFakeAgent();
    await node.hello({ minVersion: 2, maxVersion: 3 });
    assert.equal(node.welcomes.length, 1);
  });

  it('a hello after a pause steps the clock, and the welcome reports it', async () => {
    const { node, host } = await startFakeAgent();
    const wallTimeUnixNs = host.clock.wallTimeNs() + 3_600_000_000_000n;
    const welcome = await node.hello({ wallTimeUnixNs, mayStepClock: true });
    assert.equal(welcome?.clockStepped, true);
    assert.equal(welcome?.clockOffsetNs, -3_600_000_000_000n);
    assert.equal(host.clock.wallTimeNs(), wallTimeUnixNs);
  });

  it('a unary answer and its end are written together', async () => {
    const { node } = await startFakeAgent();
    const call = await node.open(ping, { sequence: 3n });
    assert.equal(call.messages[0]?.sequence, 3n);
    assert.deepEqual(node.order, ['1:message', '1:end']);
  });

  it('the last answer of a command or a file and the end of its call are written together', async () => {
    const { node } = await startFakeAgent();
    const file = await node.open(
      write,
      { input: { case: 'open', value: { path: '/tmp/a', noSync: true } } },
      { more: true },
    );
    await file.send({ input: { case: 'commit', value: {} } });
    await node.open(read, { path: '/tmp/a' });
    await node.open(ProcessServiceLite.exec, { input: { case: 'start', value: { id: 'a', argv: ['true'] } } });
    await settle();
    for (const id of [1, 2, 3]) {
      const last = node.reads.find((frames) => frames.includes(`${id}:end`));
      assert.deepEqual(last?.slice(-2), [`${id}:message`, `${id}:end`], node.reads.join(' '));
    }
  });

  it('unknown methods and malformed requests fail only their own call', async () => {
    const { node } = await startFakeAgent();
    const unknown = await node.open({ ...ping, name: 'innkeeper.agent.v1.TelemetryService/Nope' }, {});
    assert.equal(unknown.reason, 'UNKNOWN_METHOD');
    const body = new Uint8Array([0x0f, 0xff]);
    await node.send({ case: 'call', value: { id: 9, method: ping.name, credit: 1000, body, halfClose: true } });
    await settle();
    assert.deepEqual(node.order.slice(-1), ['9:end']);
    assert.equal((await node.open(ping, {})).reason, '');
  });

  it('a native session refuses calls above the limit of open calls', async () => {
    const { node } = await startFakeAgent();
    const calls = [];
    for (let count = 0; count < 65; count++) calls.push(await node.open(watch, { intervalMs: 60_000 }));
    assert.deepEqual([calls[63]?.reason, calls[64]?.reason], [undefined, 'TOO_MANY_CALLS']);
    await calls[0]?.cancel();
    assert.equal(calls[0]?.reason, 'CANCELED');
    assert.equal((await node.open(ping, {})).reason, '');
  });

  it('a call ends at its deadline, whatever it waits for', async () => {
    const { node, host } = await startFakeAgent();
    const open = { path: '/tmp/late' };
    const upload = await node.open(write, { input: { case: 'open', value: open } }, { more: true, timeoutMs: 500 });
    const watching = await node.open(watch, { intervalMs: 60_000 }, { timeoutMs: 700 });
    await host.clock.advance(600);
    assert.equal(upload.reason, 'DEADLINE_EXCEEDED');
    assert.equal(watching.reason, undefined);
    await host.clock.advance(200);
    assert.equal(watching.reason, 'DEADLINE_EXCEEDED');
    assert.deepEqual(host.files.names('/tmp'), []);
    assert.equal(host.files.openCount, 0);
  });

  it('the agent respects the node’s credit, and a ping overtakes a stalled read', async () => {
    const { node, host } = await startFakeAgent();
    host.files.put('/tmp/big', new Uint8Array(400_000).fill(7));
    const reading = await node.open(read, { path: '/tmp/big' }, { credit: 100_000 });
    const received = (): number =>
      reading.messages.reduce((sum, { event }) => sum + (event.case === 'chunk' ? event.value.data.length : 0), 0);
    assert.equal(received(), 2 * 61_440);
    assert.equal((await node.open(ping, {})).reason, '');
    await reading.grant(400_000);
    assert.equal(received(), 400_000);
    assert.equal(reading.reason, '');
  });

  it('bulk frames of several calls alternate', async () => {
    const { node, host } = await startFakeAgent();
    host.files.put('/tmp/big', new Uint8Array(200_000).fill(7));
    const first = await node.open(read, { path: '/tmp/big' }, { credit: 1 });
    const second = await node.open(read, { path: '/tmp/big' }, { credit: 1 });
    node.order.length = 0;
    await Promise.all([first.grant(500_000), second.grant(500_000)]);
    // From the first frame of the second call on, whose credit arrives later.
    const from = node.order.indexOf('2:message');
    assert.deepEqual(node.order.slice(from, from + 3), ['2:message', '1:message', '2:message']);
  });

  it('the agent grants credit when the bytes were consumed', async () => {
    const { node } = await startFakeAgent();
    const upload = await node.open(write, { input: { case: 'open', value: { path: '/tmp/a' } } }, { more: true });
    const data = new Uint8Array(44_000);
    for (const offset of [0n, 44_000n]) await upload.send({ input: { case: 'chunk', value: { offset, data } } });
    assert.equal(node.credit.get(1) ?? 0, 0);
    await upload.send({ input: { case: 'chunk', value: { offset: 88_000n, data } } });
    assert.ok((node.credit.get(1) ?? 0) >= 132_000);
  });

  it('a session ends when a call sends far beyond its credit', async () => {
    const { node } = await startFakeAgent();
    const start = { id: 'a', argv: ['sleep', '9'], stdin: true };
    const call = await node.open(ProcessServiceLite.exec, { input: { case: 'start', value: start } }, { more: true });
    for (let count = 0; count < 14; count++) {
      const stdin = { offset: BigInt(count * 60_000), data: new Uint8Array(60_000) };
      await call.send({ input: { case: 'stdin', value: stdin } });
    }
    node.order.length = 0;
    await node.open(ping, {});
    assert.deepEqual(node.order, []);
    await node.hello();
    assert.equal((await node.open(ping, {})).reason, '');
  });

  it('a new hello ends the calls of the previous session without answers', async () => {
    const { node } = await startFakeAgent();
    const old = await node.open(watch, { intervalMs: 250 });
    await node.hello();
    const fresh = await node.open(ping, {});
    assert.equal(fresh.reason, '');
    assert.equal(old.reason, undefined);
    assert.deepEqual(node.faults, []);
  });

  it('the agent recovers from garbage at the next hello', async () => {
    const { node } = await startFakeAgent();
    await node.sendBytes(new TextEncoder().encode('\r\nlogin: '));
    node.order.length = 0;
    await node.open(ping, {});
    assert.deepEqual(node.order, []);
    assert.ok(await node.hello());
    assert.equal((await node.open(ping, {})).reason, '');
  });

  it('a stopping agent says goodbye', async () => {
    const { node, agent, host } = await startFakeAgent();
    const stopped = agent.stop('stopping');
    await host.clock.advance(2000);
    await stopped;
    assert.deepEqual(node.goodbyes, ['stopping']);
  });

  it('the agent stops reading from a node that does not read its answers', async () => {
    const nonce = new Uint8Array(16).fill(9);
    const opening = openingBytes(nonce, { minVersion: 1, maxVersion: 1 }, portableByteOps);
    let reads = 0;
    const channel: Channel = {
      name: 'deaf',
      read: async (options) => {
        options?.signal?.throwIfAborted();
        if (reads++ === 0) return opening;
        const call = { id: reads, method: 'nothing/Such', halfClose: true };
        return encodeFrame(nonce, { case: 'call', value: call }, portableByteOps);
      },
      write: () => new Promise(() => undefined),
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
    const controller = new AbortController();
    const serving = createAgent(new FakeHost(), silentLog).serveChannel(channel, 'native', controller.signal);
    for (let turns = 0; turns < 100; turns++) await settle();
    const heard = reads;
    for (let turns = 0; turns < 100; turns++) await settle();
    assert.ok(heard > 100 && heard < 5000, `${heard}`);
    assert.equal(reads, heard);
    controller.abort();
    assert.equal(await Promise.race([serving.then(() => 'ended'), settle().then(() => 'hangs')]), 'ended');
  });
});
