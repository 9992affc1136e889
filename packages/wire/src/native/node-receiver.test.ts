import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { portableByteOps as ops } from '../portable-byte-ops.ts';
import { encodeFrame } from './encode-frame.ts';
import { type NodeIncoming, NodeReceiver } from './node-receiver.ts';

const mine = new Uint8Array(16).map((_, index) => 0xa0 + index);
const other = new Uint8Array(16).fill(0x51);
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const welcome = (nonce: Uint8Array): Uint8Array => encodeFrame(nonce, { case: 'welcome', value: { pid: 42 } }, ops);
const output = (nonce: Uint8Array, body: Uint8Array): Uint8Array =>
  encodeFrame(nonce, { case: 'message', value: { callId: 1, body } }, ops);

function keep(event: NodeIncoming): string {
  if (event.type === 'malformed') return 'malformed';
  if (event.type === 'welcome') return `welcome ${event.welcome.pid}`;
  return event.payload.case === 'message'
    ? `message ${Buffer.from(event.payload.value.body).toString('hex')}`
    : 'frame';
}

function feed(receiver: NodeReceiver, bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const events: string[] = [];
  let at = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const chunk = bytes.slice(at, end);
    for (const event of receiver.push(chunk)) events.push(keep(event));
    chunk.fill(0xee);
    at = end;
  }
  return events;
}

function searching(): NodeReceiver {
  const receiver = new NodeReceiver(ops);
  receiver.begin(mine);
  return receiver;
}

const body = fc.uint8Array({ maxLength: 60 });
/** Possible bytes of an earlier session in the pipe: frames, parts of them, headers with large lengths, anything. */
const old = fc.array(
  fc.oneof(
    body.map((data) => output(other, data)),
    fc.constant(welcome(other)),
    fc.tuple(body, fc.nat()).map(([data, cut]) => output(other, data).slice(cut % 100)),
    fc.tuple(body, fc.nat(100)).map(([data, cut]) => output(other, data).slice(0, cut)),
    fc.constant(output(other, new Uint8Array(65_000).fill(0x51)).slice(0, 64_000)),
    fc.constant(new Uint8Array([0x51, 0x54, 0x58, 0x01, 0x00, 0x00, 0xff, 0xff])),
    fc.constant(new Uint8Array([0x51, 0x54, 0x58, 0x01, 0x7f, 0xff, 0xff, 0xff])),
    fc.uint8Array({ maxLength: 60 }),
  ),
  { maxLength: 6 },
);
const cuts = fc.array(fc.nat(300_000), { maxLength: 10 });

describe('NodeReceiver', () => {
  it('the node’s receiver drops everything before its welcome, and then returns every frame once, for any split', () => {
    fc.assert(
      fc.property(old, fc.array(body, { maxLength: 5 }), cuts, (before, bodies, at) => {
        const after = bodies.flatMap((data) => [output(mine, data), output(other, data)]);
        const events = feed(searching(), join(...before, welcome(mine), ...after), at);
        const expected = bodies.map((data) => `message ${Buffer.from(data).toString('hex')}`);
        assert.deepEqual(events, ['welcome 42', ...expected]);
      }),
      { numRuns: 300 },
    );
  });

  it('the node’s receiver finds the welcome after a frame that was cut anywhere', () => {
    const pending = output(other, new Uint8Array(300).fill(0x51));
    for (let cut = 0; cut <= pending.length; cut++) {
      assert.deepEqual(feed(searching(), join(pending.subarray(0, cut), welcome(mine))), ['welcome 42']);
    }
  });

  it('the node’s receiver ends the session at the first invalid byte, and reports nothing until the next begin', () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.integer({ min: 1, max: 255 }), cuts, (data, at, flip, split) => {
        const damaged = output(mine, data);
        const index = at % damaged.length;
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        const receiver = searching();
        const events = feed(receiver, join(welcome(mine), damaged, output(mine, data), output(mine, data)), split);
        // A flipped bit in the length may make it wait for more bytes: silence is correct too, a message is not.
        assert.ok(events.length <= 2 && events.every((event) => !event.startsWith('message')), events.join());
        receiver.begin(other);
        assert.deepEqual(feed(receiver, join(damaged, welcome(other))), ['welcome 42']);
      }),
      { numRuns: 300 },
    );
  });

  it('the node’s receiver never returns a message for garbage, and stays small', () => {
    const receiver = searching();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (garbage) => {
        assert.deepEqual(feed(receiver, garbage), []);
      }),
    );
    const flood = new Uint8Array(1 << 20).fill(0x51);
    for (let round = 0; round < 16; round++) assert.deepEqual(feed(receiver, flood), []);
    assert.deepEqual(feed(receiver, welcome(mine)), ['welcome 42']);
  });

  it('the node’s receiver ends a session with too many false welcomes', () => {
    const header = new Uint8Array([0x51, 0x54, 0x58, 0x01, 0x00, 0x00, 0xff, 0xff, 0xc2, 0x0c, 16, ...mine]);
    const flood = new Uint8Array(3 * 65_536);
    for (let at = 0; at + header.length <= flood.length; at += header.length) flood.set(header, at);
    const receiver = searching();
    assert.deepEqual(feed(receiver, join(flood, flood, welcome(mine))), ['malformed']);
    receiver.begin(other);
    assert.deepEqual(feed(receiver, welcome(other)), ['welcome 42']);
  });

  it('the node’s receiver drops everything before the first begin', () => {
    assert.deepEqual(feed(new NodeReceiver(ops), join(welcome(mine), output(mine, new Uint8Array(3)))), []);
  });
});
