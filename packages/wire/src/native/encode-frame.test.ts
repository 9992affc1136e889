import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FrameSchema } from '@innkeeper/contract/agent';
import fc from 'fast-check';
import { portableByteOps as ops } from '../portable-byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { encodeFrame } from './encode-frame.ts';
import { isValidFrame, readHeader } from './frame-layout.ts';
import { maxBodyBytes, maxFrameBytes } from './limits.ts';
import type { NativePayloadInit } from './payload.ts';
import { bulkHeadroom, bulkTailroom, sealStreamMessage } from './seal-stream-message.ts';

const number = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ unit: 'binary', maxLength: 300 });
const body = fc.uint8Array({ maxLength: 400 });
const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 });
const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function payloadOf<Case extends string, Value>(
  name: Case,
  value: fc.Arbitrary<Value>,
): fc.Arbitrary<{ case: Case; value: Value }> {
  return value.map((made) => ({ case: name, value: made }));
}

const optional = { requiredKeys: [] } as { requiredKeys: [] };
const payload: fc.Arbitrary<NativePayloadInit> = fc.oneof(
  payloadOf(
    'call',
    fc.record({ id: number, method: text, timeoutMs: number, credit: number, body, halfClose: fc.boolean() }, optional),
  ),
  payloadOf('message', fc.record({ callId: number, halfClose: fc.boolean(), body }, optional)),
  payloadOf('end', fc.record({ callId: number, code: number, reason: text, message: text }, optional)),
  payloadOf('credit', fc.record({ callId: number, bytes: number }, optional)),
  payloadOf('cancel', fc.record({ callId: number }, optional)),
  payloadOf('goodbye', fc.record({ reason: text }, optional)),
  payloadOf('hello', fc.record({ minVersion: number, wallTimeUnixNs: time, vmName: text }, optional)),
  payloadOf(
    'welcome',
    fc.record({ capabilities: fc.array(text), clockOffsetNs: time, frozen: fc.boolean() }, optional),
  ),
);

/** The message of a frame as protobuf-es writes it, with the CRC that `frame` has. */
function byProtobufEs(session: Uint8Array, init: NativePayloadInit, frame: Uint8Array): Uint8Array {
  const crc32c = new DataView(frame.buffer, frame.byteOffset + frame.length - 4).getUint32(0, true);
  const message: MessageInitShape<typeof FrameSchema> = { session, payload: init, crc32c };
  return toBinary(FrameSchema, create(FrameSchema, message));
}

describe('encodeFrame()', () => {
  it('encodeFrame writes the same bytes as protobuf-es, and the reader gets the same payload', () => {
    fc.assert(
      fc.property(nonce, payload, (session, init) => {
        const frame = encodeFrame(session, init, ops);
        assert.deepEqual(frame.subarray(8), byProtobufEs(session, init, frame));
        assert.equal(readHeader(frame, 0), frame.length);
        assert.ok(isValidFrame(frame, 0, frame.length, ops));
        assert.deepEqual(decodePayload(frame, 0, frame.length), fromBinary(FrameSchema, frame.subarray(8)).payload);
      }),
      { numRuns: 500 },
    );
  });

  it('a frame has room for the largest body in a call and in a message', () => {
    const session = new Uint8Array(16);
    const largest = new Uint8Array(maxBodyBytes);
    const method = 'm'.repeat(200);
    const most = 0xffff_ffff;
    const call = { id: most, method, timeoutMs: most, credit: most, body: largest, halfClose: true };
    assert.ok(encodeFrame(session, { case: 'call', value: call }, ops).length <= maxFrameBytes);
    const message = { callId: most, halfClose: true, body: largest };
    assert.ok(encodeFrame(session, { case: 'message', value: message }, ops).length <= maxFrameBytes);
  });

  it('encodeFrame refuses a frame that is too long, and a session that is not a nonce', () => {
    const value = { callId: 1, body: new Uint8Array(66_000) };
    assert.throws(() => encodeFrame(new Uint8Array(16), { case: 'message', value }, ops), RangeError);
    assert.throws(() => encodeFrame(new Uint8Array(15), { case: 'cancel', value: {} }, ops), RangeError);
  });
});

describe('sealStreamMessage()', () => {
  it('sealStreamMessage writes the same frame as encodeFrame, around data in place', () => {
    const prefix = fc.uint8Array({ maxLength: 80 });
    const data = fc.oneof(
      body,
      fc.integer({ min: 60_000, max: 64_900 }).map((length) => new Uint8Array(length).fill(7)),
    );
    fc.assert(
      fc.property(nonce, number, prefix, data, (session, id, before, bytes) => {
        const callId = Math.max(id, 1);
        const buffer = new Uint8Array(bulkHeadroom + bytes.length + bulkTailroom + 3).fill(0xaa);
        buffer.set(bytes, bulkHeadroom);
        fc.pre(before.length + bytes.length > 0);
        const end = bulkHeadroom + bytes.length;
        const frame = sealStreamMessage(buffer, bulkHeadroom, end, { session, callId, prefix: before, ops });
        const whole = new Uint8Array([...before, ...bytes]);
        assert.deepEqual(frame, encodeFrame(session, { case: 'message', value: { callId, body: whole } }, ops));
        assert.equal(frame.buffer, buffer.buffer);
      }),
      { numRuns: 100 },
    );
  });
});
