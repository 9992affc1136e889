import { GoodbyeLite, HelloLite, WelcomeLite } from '@innkeeper/contract/agent-lite';
import {
  callBodyTag,
  callCreditTag,
  callHalfCloseTag,
  callIdTag,
  callMethodTag,
  callMoreTag,
  callTimeoutMsTag,
  cancelCallIdTag,
  creditBytesTag,
  creditCallIdTag,
  endCallIdTag,
  endCodeTag,
  endMessageTag,
  endReasonTag,
  frameCallTag,
  frameCancelTag,
  frameCreditTag,
  frameEndTag,
  frameGoodbyeTag,
  frameHelloTag,
  frameMessageTag,
  frameWelcomeTag,
  streamMessageBodyTag,
  streamMessageCallIdTag,
  streamMessageHalfCloseTag,
  streamMessageMoreTag,
} from '@innkeeper/contract/agent-tags';
import { liteEncode } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { putVarint, varintBytes } from '../varint.ts';
import { checkFrame, payloadOffset, putCrc, putOpening } from './frame-layout.ts';
import { crcFieldBytes, payloadTagBytes } from './limits.ts';
import type { NativePayloadInit } from './payload.ts';

const encoder = new TextEncoder();
const empty = new Uint8Array(0);

/**
 * Encodes a frame with header and CRC in new memory. The bytes are those that protobuf-es writes for the same Frame.
 * @throws RangeError if the session does not have 16 bytes or the frame is longer than `maxFrameBytes`.
 */
export function encodeFrame(session: Uint8Array, payload: NativePayloadInit, ops: ByteOps): Uint8Array<ArrayBuffer> {
  switch (payload.case) {
    case 'call': {
      const { id = 0, timeoutMs = 0, credit = 0, halfClose = false, more = false, body = empty } = payload.value;
      const method = encoder.encode(payload.value.method);
      const size =
        numberField(id) +
        bytesField(method.length) +
        numberField(timeoutMs) +
        numberField(credit) +
        bytesField(body.length) +
        (halfClose ? 2 : 0) +
        (more ? 2 : 0);
      const frame = begin(session, frameCallTag, size);
      let at = frame.length - crcFieldBytes - size;
      at = putNumber(frame, at, callIdTag, id);
      at = putBytes(frame, at, callMethodTag, method);
      at = putNumber(frame, at, callTimeoutMsTag, timeoutMs);
      at = putNumber(frame, at, callCreditTag, credit);
      at = putBytes(frame, at, callBodyTag, body);
      at = putNumber(frame, at, callHalfCloseTag, halfClose ? 1 : 0);
      putNumber(frame, at, callMoreTag, more ? 1 : 0);
      return end(frame, ops);
    }
    case 'message': {
      const { callId = 0, halfClose = false, more = false, body = empty } = payload.value;
      const size = numberField(callId) + (halfClose ? 2 : 0) + bytesField(body.length) + (more ? 2 : 0);
      const frame = begin(session, frameMessageTag, size);
      let at = frame.length - crcFieldBytes - size;
      at = putNumber(frame, at, streamMessageCallIdTag, callId);
      at = putNumber(frame, at, streamMessageHalfCloseTag, halfClose ? 1 : 0);
      at = putBytes(frame, at, streamMessageBodyTag, body);
      putNumber(frame, at, streamMessageMoreTag, more ? 1 : 0);
      return end(frame, ops);
    }
    case 'end': {
      const { callId = 0, code = 0 } = payload.value;
      const reason = payload.value.reason ? encoder.encode(payload.value.reason) : empty;
      const message = payload.value.message ? encoder.encode(payload.value.message) : empty;
      const size = numberField(callId) + numberField(code) + bytesField(reason.length) + bytesField(message.length);
      const frame = begin(session, frameEndTag, size);
      let at = frame.length - crcFieldBytes - size;
      at = putNumber(frame, at, endCallIdTag, callId);
      at = putNumber(frame, at, endCodeTag, code);
      at = putBytes(frame, at, endReasonTag, reason);
      putBytes(frame, at, endMessageTag, message);
      return end(frame, ops);
    }
    case 'credit': {
      const { callId = 0, bytes = 0 } = payload.value;
      const size = numberField(callId) + numberField(bytes);
      const frame = begin(session, frameCreditTag, size);
      const at = putNumber(frame, frame.length - crcFieldBytes - size, creditCallIdTag, callId);
      putNumber(frame, at, creditBytesTag, bytes);
      return end(frame, ops);
    }
    case 'cancel': {
      const { callId = 0 } = payload.value;
      const size = numberField(callId);
      const frame = begin(session, frameCancelTag, size);
      putNumber(frame, frame.length - crcFieldBytes - size, cancelCallIdTag, callId);
      return end(frame, ops);
    }
    case 'hello':
      return encodeRare(session, frameHelloTag, liteEncode(HelloLite, payload.value), ops);
    case 'welcome':
      return encodeRare(session, frameWelcomeTag, liteEncode(WelcomeLite, payload.value), ops);
    case 'goodbye':
      return encodeRare(session, frameGoodbyeTag, liteEncode(GoodbyeLite, payload.value), ops);
    default:
      throw new RangeError('A frame must have a payload.');
  }
}

function encodeRare(session: Uint8Array, tag: number, body: Uint8Array, ops: ByteOps): Uint8Array<ArrayBuffer> {
  const frame = begin(session, tag, body.length);
  frame.set(body, frame.length - crcFieldBytes - body.length);
  return end(frame, ops);
}

/** A frame for a payload of `size` bytes, written up to the payload. */
function begin(session: Uint8Array, tag: number, size: number): Uint8Array<ArrayBuffer> {
  const frameBytes = payloadOffset + payloadTagBytes + varintBytes(size) + size + crcFieldBytes;
  checkFrame(frameBytes, session);
  const frame = new Uint8Array(frameBytes);
  const at = putOpening(frame, 0, frameBytes, session);
  putVarint(frame, putVarint(frame, at, tag), size);
  return frame;
}

function end(frame: Uint8Array<ArrayBuffer>, ops: ByteOps): Uint8Array<ArrayBuffer> {
  putCrc(frame, 0, frame.length - crcFieldBytes, ops);
  return frame;
}

/** Size of a number field, whose tag is always one byte here; 0 is not written. */
function numberField(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function bytesField(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

function putNumber(frame: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  frame[at] = tag;
  return putVarint(frame, at + 1, value);
}

function putBytes(frame: Uint8Array, at: number, tag: number, value: Uint8Array): number {
  if (value.length === 0) return at;
  frame[at] = tag;
  const start = putVarint(frame, at + 1, value.length);
  frame.set(value, start);
  return start + value.length;
}
