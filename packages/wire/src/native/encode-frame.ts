import { encodePayload } from '@innkeeper/contract/agent-frame';
import type { ByteOps } from '../byte-ops.ts';
import { frameBytesAround, putCrc, putOpening } from './frame-layout.ts';
import { crcFieldBytes } from './limits.ts';
import type { NativePayloadInit } from './payload.ts';

/**
 * Encodes a frame with header and CRC in new memory. The bytes are those that protobuf-es writes for the same Frame.
 * @throws RangeError if the session does not have 16 bytes or the frame is longer than `maxFrameBytes`.
 */
export function encodeFrame(session: Uint8Array, payload: NativePayloadInit, ops: ByteOps): Uint8Array<ArrayBuffer> {
  const frame = encodePayload(begin, session, payload);
  putCrc(frame, 0, frame.length - crcFieldBytes, ops);
  return frame;
}

function begin(session: Uint8Array, tag: number, size: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(frameBytesAround(size, session));
  putOpening(frame, 0, frame.length, session, tag, size);
  return frame;
}
