import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import fc from 'fast-check';
import { AgentMessageReceiver } from './agent-message-receiver.ts';
import { printHeader } from './header.ts';

const maxBytes = 1000;

function framed(body: Uint8Array): Buffer {
  return Buffer.concat([printHeader('magic', body.length), body]);
}

function encode(message: MessageInitShape<typeof AgentMessageSchema>): Uint8Array {
  return liteEncode(AgentMessageLite, message);
}

const ping = framed(encode({ messageId: 'p', payload: { case: 'ping', value: {} } }));

/** What a receiver makes of bytes in pieces: the data that passed by, and the other events in words. */
function received(bytes: Uint8Array, pieceBytes = bytes.length) {
  const receiver = new AgentMessageReceiver({ maxBytes, passesData: true });
  const data: Uint8Array[] = [];
  const events: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    for (const event of receiver.push(piece))
      if (event.type === 'data') data.push(Uint8Array.from(event.bytes));
      else if (event.type === 'message' && event.message.payload.case === 'fileWrite') {
        const { path, offset, eof, mode } = event.message.payload.value;
        events.push(`${event.message.messageId} ${path} ${offset} ${eof} ${mode} ${event.dataBytes}`);
      } else events.push(event.type);
    piece.fill(0xee);
  }
  return { data: Buffer.concat(data), events, isPending: receiver.pending };
}

describe('a file_write that is longer than what is kept', () => {
  it('passes its data on and keeps the rest, whatever the pieces, and the next message is found', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1000, maxLength: 20_000 }),
        fc.integer({ min: 1, max: 5000 }),
        (data, cut) => {
          const value = { path: '/a/b', data, offset: 70_000n, eof: true, mode: 0o644 };
          const bytes = Buffer.concat([
            framed(encode({ messageId: 'w', payload: { case: 'fileWrite', value } })),
            ping,
          ]);
          const result = received(bytes, cut);
          assert.deepEqual(result.events, [`w /a/b 70000 true 420 ${data.length}`, 'message']);
          assert.ok(result.data.equals(data));
          assert.equal(result.isPending, false);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('with fields that are too long, twice there, cut off or unknown is refused and skipped, in bounded memory', () => {
    const data = Buffer.concat([Buffer.from([0x12, 0xd0, 0x0f]), Buffer.alloc(2000, 7)]);
    const varint = (value: number): Buffer => Buffer.from([(value & 0x7f) | 0x80, (value >> 7) & 0x7f]);
    const message = (payload: Buffer): Buffer =>
      framed(Buffer.concat([Buffer.from('\n\x01w\x62'), varint(payload.length), payload]));
    for (const payload of [
      Buffer.concat([data, data]),
      Buffer.concat([data, Buffer.from([0x0a, 0xff, 0x7f]), Buffer.alloc(10)]),
      Buffer.concat([data, Buffer.from([0x0d, 1, 2, 3, 4])]),
      Buffer.concat([data, Buffer.from([0x18, ...Array(12).fill(0x80)])]),
      Buffer.concat([data, Buffer.from([0x18])]),
      Buffer.concat([Buffer.from([0x82, 0x01, 0x00]), data]),
    ])
      for (const cut of [1, 100_000])
        assert.deepEqual(received(Buffer.concat([message(payload), ping]), cut).events, ['oversize', 'message']);
  });

  it('is refused as any other long message when something follows its payload', () => {
    const value = { path: '/a', data: new Uint8Array(2000) };
    const body = Buffer.concat([
      encode({ messageId: 'w', payload: { case: 'fileWrite', value } }),
      Buffer.from([0x52, 0]),
    ]);
    assert.deepEqual(received(Buffer.concat([framed(body), ping])).events, ['oversize', 'message']);
  });
});
