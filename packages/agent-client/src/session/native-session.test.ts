import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { portableByteOps } from '@innkeeper/wire';
import { FakeLinkClock, settle } from '../fake/fake-link-clock.ts';
import { ScriptedConnection } from '../fake/scripted-connection.ts';
import { NativeSession } from './native-session.ts';
import { openCall } from './typed-call.ts';

const { watch, ping } = TelemetryServiceLite;

async function open() {
  const connection = new ScriptedConnection();
  connection.onHello = () => connection.welcome();
  const nonce = Uint8Array.from({ length: 16 }, (_, index) => index);
  const session = new NativeSession({ channel: connection, ops: portableByteOps, clock: new FakeLinkClock(), nonce });
  const welcome = await session.open({ minVersion: 1, maxVersion: 1 });
  return { connection, session, welcome };
}

/** A message of a call with a body of so many bytes. */
const body = (callId: number, bytes: number) => ({
  case: 'message' as const,
  value: { callId, body: new Uint8Array(bytes) },
});

describe('a session', () => {
  it('drops what comes before its welcome, and takes what comes right behind it', async () => {
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

  it('gives an answer to the call that it names, and drops one to nobody', async () => {
    const { connection, session } = await open();
    const [first, second] = [openCall(session, ping, { sequence: 1n }), openCall(session, ping, { sequence: 2n })];
    await settle();
    connection.send({ case: 'message', value: { callId: 99, body: new Uint8Array([8, 99]) } });
    const [one, two] = connection.calls;
    assert.ok(one !== undefined && two !== undefined);
    connection.answer(two, ping, { sequence: 2n });
    connection.answer(one, ping, { sequence: 1n });
    assert.deepEqual([(await first.next())?.sequence, (await second.next())?.sequence], [1n, 2n]);
  });

  it('opens 64 calls and no more, and again one when one has ended', async () => {
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

  it('ends when an agent sends more than it has credit for', async () => {
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

  it('grants what was pulled, and nothing that waits', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.read, { path: '/f' });
    await settle();
    for (let count = 0; count < 8; count++) connection.send(body(1, 60_000));
    await settle();
    const [opened] = connection.calls;
    assert.equal(opened?.granted, 0);
    for (let count = 0; count < 8; count++) await call.raw.next();
    await settle();
    assert.equal(opened?.granted, 480_000);
  });

  it('ends at the first byte that is no frame, and everything that waits with it', async () => {
    const { connection, session } = await open();
    const call = openCall(session, ping, {});
    connection.sendBytes(new Uint8Array([0x51, 0x54, 0x58, 0x02]));
    await assert.rejects(call.next(), { name: 'SessionLostError', reason: 'GUEST_MISBEHAVES' });
    assert.equal(session.isOpen, false);
    assert.throws(() => openCall(session, ping, {}), { name: 'SessionLostError' });
  });

  it('ends with a goodbye', async () => {
    const { connection, session } = await open();
    connection.send({ case: 'goodbye', value: { reason: 'stopping' } });
    assert.match((await session.ended).message, /said goodbye: stopping/);
  });

  it('ends when the connection does, for readers and for writers', async () => {
    const { connection, session } = await open();
    const call = openCall(session, FileServiceLite.write, { input: { case: 'open', value: { path: '/f' } } });
    connection.hangUp();
    await assert.rejects(call.next(), { name: 'SessionLostError' });
    await assert.rejects(call.send({ input: { case: 'commit', value: {} } }), { name: 'SessionLostError' });
  });
});
