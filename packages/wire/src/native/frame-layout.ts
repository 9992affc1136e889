import {
  frameCrc32cTagHigh,
  frameCrc32cTagLow,
  frameSessionTagHigh,
  frameSessionTagLow,
} from '@innkeeper/contract/agent-tags';
import { putVarint, varintBytes } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import {
  crcFieldBytes,
  headerBytes,
  maxFrameBytes,
  maxLength,
  minLength,
  nonceBytes,
  payloadTagBytes,
  sessionFieldBytes,
} from './limits.ts';

/** 51 54 58 01. */
const magic = [0x51, 0x54, 0x58, 0x01] as const;

/** Offset of the payload fields from the first byte of the header. */
export const payloadOffset = headerBytes + sessionFieldBytes;

/** The first bytes of each frame, up to the nonce; the length is not filled in. */
const opening = new Uint8Array([...magic, 0, 0, 0, 0, frameSessionTagLow, frameSessionTagHigh, nonceBytes]);

/** Whether the bytes from `start` to `end`, four at most, can start a frame. */
export function beginsWithMagic(bytes: Uint8Array, start: number, end: number): boolean {
  const count = Math.min(end - start, magic.length);
  for (let index = 0; index < count; index++) if (bytes[start + index] !== magic[index]) return false;
  return true;
}

/** Size of the frame whose header is at `at`; 0 if it is not a header. Eight bytes must be available. */
export function readHeader(bytes: Uint8Array, at: number): number {
  // Compared one by one: a loop costs an interpreter five times as much.
  if (bytes[at] !== magic[0] || bytes[at + 1] !== magic[1]) return 0;
  if (bytes[at + 2] !== magic[2] || bytes[at + 3] !== magic[3]) return 0;
  const length =
    (bytes[at + 4] as number) * 0x100_0000 +
    (((bytes[at + 5] as number) << 16) | ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number));
  return length < minLength || length > maxLength ? 0 : headerBytes + length;
}

/**
 * Size of a frame whose payload has `size` bytes.
 * @throws RangeError if it is too long, or the session is not a nonce: an error of the caller.
 */
export function frameBytesAround(size: number, session: Uint8Array): number {
  const frameBytes = payloadOffset + payloadTagBytes + varintBytes(size) + size + crcFieldBytes;
  if (session.length !== nonceBytes)
    throw new RangeError(`A session nonce has ${nonceBytes} bytes, not ${session.length}.`);
  if (frameBytes > maxFrameBytes)
    throw new RangeError(`The frame has ${frameBytes} bytes; the maximum is ${maxFrameBytes}.`);
  return frameBytes;
}

/**
 * Writes what precedes the payload of a frame, from the header to the payload's tag and size; returns the position of its
 * fields.
 */
export function putOpening(
  bytes: Uint8Array,
  at: number,
  frameBytes: number,
  session: Uint8Array,
  tag: number,
  size: number,
): number {
  const length = frameBytes - headerBytes;
  bytes.set(opening, at);
  bytes[at + 5] = length >>> 16;
  bytes[at + 6] = length >>> 8;
  bytes[at + 7] = length;
  bytes.set(session, at + opening.length);
  const payload = at + payloadOffset;
  bytes[payload] = (tag & 127) | 128;
  bytes[payload + 1] = tag >>> 7;
  return putVarint(bytes, payload + payloadTagBytes, size);
}

/** Writes the CRC field at `at`, which ends the frame that starts at `start`. */
export function putCrc(bytes: Uint8Array, start: number, at: number, ops: ByteOps): void {
  bytes[at] = frameCrc32cTagLow;
  bytes[at + 1] = frameCrc32cTagHigh;
  ops.putCrc32c(bytes, start + headerBytes, at, at + 2);
}

/** Whether a complete frame has a session and a correct CRC in the right places. */
export function isValidFrame(bytes: Uint8Array, start: number, end: number, ops: ByteOps): boolean {
  if (end - start < payloadOffset + crcFieldBytes) return false;
  if (
    bytes[start + 8] !== frameSessionTagLow ||
    bytes[start + 9] !== frameSessionTagHigh ||
    bytes[start + 10] !== nonceBytes
  )
    return false;
  const at = end - crcFieldBytes;
  if (bytes[at] !== frameCrc32cTagLow || bytes[at + 1] !== frameCrc32cTagHigh) return false;
  return ops.hasCrc32c(bytes, start + headerBytes, at, at + 2);
}

/** Whether the frame at `start` carries this nonce. */
export function carries(bytes: Uint8Array, start: number, session: Uint8Array, ops: ByteOps): boolean {
  return ops.matches(bytes, start + opening.length, session);
}
