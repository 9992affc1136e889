import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode } from '@innkeeper/contract/lite';
import { portableByteOps } from '@innkeeper/wire';
import { FakeLinkClock, settle } from '../fake/fake-link-clock.ts';
import { ScriptedConnection } from '../fake/scripted-connection.ts';
import { NativeSession } from './native-session.ts';
import { openCall, openInTurn } from './typed-call.ts';

const { watch, ping } = TelemetryServiceLite;

async function open(welcomed: { readonly capabilities?: string[] } = {}) {
  const connection = new ScriptedConnection();
  connection.onHello = () => connection.welcome(welcomed);
  const nonce = Uint8Array.from({ length: 16 }, (_, index) => index);
  const clock = new FakeLinkClock();
  const session = new NativeSession({ channel: connection, ops: portableByteOps, clock, nonce });
  const welcome = await session.open({ minVersion: 1, maxVersion: 1 });
  return { connection, session, welcome, clock };
}

/** A message of a call with a body of this size. */
const body = (callId: number, bytes: number) => ({
  case: 'message' as const,
  value: { callId, body: new Uint8Array(bytes) },
});

describe('a session', () => {
  it('a session drops bytes before its welcome, and handles those directly after it', async () => {
    const connection = new ScriptedConnection();
    connection.onHello = () => {
      connection.sendBytes(Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) & 0xff));
      connection.welcome();
    };
    const clock = new FakeLinkClock();
    const session = new NativeSession({
      channel: connection,
      ops: portableByteOps,
      clock,
      nonce: new Uint8Array(16).fill(9),
    });
    assert.equal((await session.open({ minVersion: 1, maxVersion: 1 })).agentVersion, '1.2.3');
    assert.equal(session.lastSeenMs, clock.nowMs());
  });

  it('a session passes an answer to its call', async () => {
    const { connection, session } = await open();
    const [first, second] = [openCall(session, ping, { sequence: 1n }), openCall(session, ping, { sequence: 2n })];
    await settle();
    const [one, two] = connection.calls;
    assert.ok(one !== undefined && two !== undefined);
    connection.answer(two, ping, { sequence: 2n });
    connection.answer(one, ping, { sequence: 1n });
    assert.deepEqual([(await first.next())?.sequence, (await second.next())?.sequence], [1n, 2n]);
  });

  it('a session opens at most 64 calls, and another one when one has ended', async () => {
    const { connection, session } = await open();
    for (let count = 0; count < 64; count++) openCall(session, watch, {});
    assert.throws(() => openCall(session, watch, {}), { reason: 'TOO_MANY_CALLS' });
    await settle();
    const [first] = connection.calls;
    assert.ok(first !== undefined);
    connection.end(first);
    await settle();
    openCall(session, watch, {});
  });

  it('calls in turn wait until fewer are open, in their order, and leave four places to others', async () => {
    const { connection, session, clock } = await open();
    const { signal } = new AbortController();
    for (let count = 0; count < 60; count++) await openInTurn(session, watch, {}, { signal });
    const order: string[] = [];
    const waiting = ['a', 'b', 'c'].map((name) =>
      openInTurn(session, watch, {}, { signal }).then(() => order.push(name)),
    );
    const late = waiting.map((each) =>
      each.catch((error: Error & { reason?: string }) => order.push(`${error.reason}`)),
    );
    await settle();
    assert.deepEqual([order, connection.calls.length], [[], 60]);
    openCall(session, ping, { sequence: 1n }).raw.cancel(undefined);
    await settle();
    assert.deepEqual(order, []);
    const [first] = connection.calls;
    assert.ok(first !== undefined);
    connection.end(first);
    await settle();
    assert.deepEqual(order, ['a']);
    for (let count = 0; count < 4; count++) openCall(session, watch, {});
    await clock.advance(4900);
    assert.deepEqual(order, ['a']);
    await clock.advance(200);
    await Promise.all(late);
    assert.deepEqual(order, ['a', 'TOO_MANY_CALLS', 'TOO_MANY_CALLS']);
  });

  it('a call in turn that is canceled while it waits is not opened', async () => {
    const { connection, session } = await open();
    const controller = new AbortController();
    const { signal } = controller;
    for (let count = 0; count < 60; count++) openCall(session, watch, {});
    const waiting = openInTurn(session, watch, {}, { signal });
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await settle();
    assert.equal(connection.calls.length, 60);
  });

  it('a request longer than a frame is sent in parts, one such request after the other, as credit allows', async () => {
    const { connection, session } = await open({ capabilities: ['requests.parts'] });
    const path = 'x'.repeat(400_000);
    openCall(session, FileServiceLite.stat, { path });
    openCall(session, FileServiceLite.stat, { path });
    await settle();
    const [first, second] = connection.calls;
    assert.ok(first !== undefined && second !== undefined);
    // The first part is in the call; four more of 65,000 bytes use up the credit of 262,144, and one may overdraw it.
    assert.deepEqual([first.bodies.length, first.halfClosed, second.bodies.length], [6, false, 1]);
    connection.send({ case: 'credit', value: { callId: first.id, bytes: 325_000 } });
    await settle();
    assert.deepEqual([first.bodies.length, first.halfClosed], [7, true]);
    assert.equal(liteDecode(FileServiceLite.stat.input, Buffer.concat(first.bodies)).path, path);
    assert.equal(second.bodies.length, 6);
  });

  it('a request longer than a frame is refused with both numbers for an agent without parts, and beyond the maximum', async () => {
    const refused = (bytes: number, most: number) => ({
      reason: 'INVALID_ARGUMENT',
      message: `The request has ${bytes} bytes; the maximum is ${most}.`,
    });
    const old = await open({ capabilities: [] });
    const call = (session: NativeSession, bytes: number) => () =>
      openCall(session, FileServiceLite.stat, { path: 'x'.repeat(bytes) });
    assert.throws(call(old.session, 65_000), refused(65_004, 65_000));
    const { session } = await open({ capabilities: ['requests.parts'] });
    assert.throws(call(session, 2_162_688), refused(2_162_693, 2_162_688));
  });

  it('a session ends when the agent exceeds its credit', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    for (let sent = 0; sent <= 512 * 1024 + 65_536; sent += 64_000) connection.send(body(1, 64_000));
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
    await assert.rejects(
      async () => {
        for (let count = 0; count < 20; count++) await call.raw.next();
      },
      { name: 'SessionLostError' },
    );
  });

  it('a session grants credit for pulled answers, not for queued ones', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    for (let count = 0; count < 8; count++) connection.send(body(1, 60_000));
    await settle();
    const [opened] = connection.calls;
    assert.equal(opened?.granted, 0);
    for (let count = 0; count < 8; count++) await call.raw.next();
    await settle();
    // Twice what exceeds 128 KiB; the last two answers are granted with later ones.
    assert.equal(opened?.granted, 360_000);
  });

  it('a session grants half of a narrow call’s window at a time, so that the agent never waits for it', async () => {
    const { connection, session } = await open();
    const calls = Array.from({ length: 9 }, () => openCall(session, FileServiceLite.read, { path: '/f' }));
    await settle();
    for (let count = 0; count < 2; count++) {
      connection.send(body(9, 20_000));
      assert.equal(connection.calls[8]?.granted, 0);
      await calls[8]?.raw.next();
    }
    await settle();
    assert.equal(connection.calls[8]?.granted, 40_000);
  });

  it('a session and its calls end at the first invalid byte', async () => {
    const { connection, session } = await open();
    const call = openCall(session, ping, {});
    connection.sendBytes(new Uint8Array([0x51, 0x54, 0x58, 0x02]));
    await assert.rejects(call.next(), { name: 'SessionLostError', reason: 'GUEST_MISBEHAVES' });
    assert.equal(session.isOpen, false);
    assert.throws(() => openCall(session, ping, {}), { name: 'SessionLostError' });
  });

  it('a session ends with a goodbye', async () => {
    const { connection, session } = await open();
    connection.send({ case: 'goodbye', value: { reason: 'stopping' } });
    assert.match((await session.ended).message, /said goodbye: stopping/);
  });

  it('a session ends with its connection, for readers and writers', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.write, { input: { case: 'open', value: { path: '/f' } } });
    connection.hangUp();
    await assert.rejects(call.next(), { name: 'SessionLostError' });
    await assert.rejects(call.send({ input: { case: 'commit', value: {} } }), { name: 'SessionLostError' });
  });

  for (const [what, payload] of [
    ['an answer to', { case: 'message', value: { callId: 2, body: new Uint8Array(3) } }],
    ['the end of', { case: 'end', value: { callId: 2 } }],
    ['credit for', { case: 'credit', value: { callId: 0, bytes: 1 } }],
  ] as const)
    it(`a session ends at ${what} a call that was never made`, async () => {
      const { connection, session } = await open();
      openCall(session, ping, {});
      connection.send(payload);
      assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
    });

  it('a session ignores frames in flight for a canceled call, and ends at more than that', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    call.raw.cancel(undefined);
    for (let sent = 0; sent < 512 * 1024; sent += 64_000) connection.send(body(1, 64_000));
    connection.send({ case: 'end', value: { callId: 1 } });
    await settle();
    assert.equal(session.isOpen, true);
    for (let sent = 0; sent < 256 * 1024; sent += 64_000) connection.send(body(1, 64_000));
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session ends at repeated ends of the same call', async () => {
    const { connection, session } = await open();
    openCall(session, ping, {});
    await settle();
    for (let count = 0; count < 300; count++) connection.send({ case: 'end', value: { callId: 1 } });
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session ends at empty answers beyond a call’s credit: each counts 256 bytes', async () => {
    const { connection, session } = await open();
    openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    for (let count = 0; count < (512 * 1024 + 65_536) / 256; count++) connection.send(body(1, 0));
    await settle();
    assert.equal(session.isOpen, true);
    connection.send(body(1, 0));
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session ends at excessive credit', async () => {
    const { connection, session } = await open();
    openCall(session, FileServiceLite.write, { input: { case: 'open', value: { path: '/f' } } });
    for (let count = 0; count < 5; count++) connection.send({ case: 'credit', value: { callId: 1, bytes: 262_144 } });
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session ends at too many credit frames that grant nothing', async () => {
    const { connection, session } = await open();
    openCall(session, FileServiceLite.write, { input: { case: 'open', value: { path: '/f' } } });
    for (let count = 0; count < 4200; count++) connection.send({ case: 'credit', value: { callId: 1, bytes: 0 } });
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session gives the ninth and later calls a small window', async () => {
    const { connection, session } = await open();
    for (let count = 0; count < 9; count++) openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    for (let sent = 0; sent < 128 * 1024; sent += 64_000) connection.send(body(8, 64_000));
    await settle();
    assert.equal(session.isOpen, true);
    for (let sent = 0; sent <= 128 * 1024; sent += 64_000) connection.send(body(9, 64_000));
    assert.equal((await session.ended).reason, 'GUEST_MISBEHAVES');
  });

  it('a session has one credit frame in flight per call while a guest does not read', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    connection.stopTaking();
    for (let count = 0; count < 50; count++) {
      connection.send(body(1, 10_000));
      await call.raw.next();
    }
    await settle();
    assert.equal(connection.waitingWrites, 1);
  });

  it('a session ends when a guest does not read and 5 MiB are queued', async () => {
    const { connection, session } = await open();
    connection.stopTaking();
    const path = 'x'.repeat(60_000);
    for (let count = 0; session.isOpen && count < 200; count++)
      openCall(session, FileServiceLite.stat, { path }).raw.cancel(undefined);
    const why = await session.ended;
    assert.equal(why.reason, 'GUEST_MISBEHAVES');
    assert.match(why.message, /does not read its port/);
    assert.ok(connection.waitingBytes <= 5 * 1024 * 1024);
  });

  it('a session refuses a request that does not fit a frame, and frees its slot', async () => {
    const { connection, session } = await open();
    const path = 'x'.repeat(65_001);
    for (let count = 0; count < 65; count++)
      assert.throws(() => openCall(session, FileServiceLite.stat, { path }), { reason: 'INVALID_ARGUMENT' });
    const call = openCall(session, FileServiceLite.write, { input: { case: 'open', value: { path: '/f' } } });
    await assert.rejects(call.send({ input: { case: 'open', value: { path } } }), { reason: 'INVALID_ARGUMENT' });
    await call.send({ input: { case: 'commit', value: {} } });
    await settle();
    assert.equal(connection.calls.length, 1);
  });

  it('a session handles a flood of small frames over many turns of the event loop', async () => {
    const { connection, session, clock } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    const frames = Buffer.concat(Array.from({ length: 2000 }, () => connection.frame(body(1, 2))));
    const before = clock.turns;
    connection.sendBytes(frames);
    for (let count = 0; count < 2000; count++) await call.raw.next();
    // 64 messages are a turn's budget, and each is charged when it is decoded and when it is delivered.
    assert.ok(clock.turns - before >= 28, `${clock.turns - before} turns`);
  });
});
