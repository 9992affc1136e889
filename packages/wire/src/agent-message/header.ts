import {
  agentMessageMessageIdTag,
  agentMessagePingTag,
  agentMessageTimestampTag,
} from '@innkeeper/contract/agent-message-tags';
import { type Detection, detectLength, detectPrefix } from '../detection.ts';
import { maxMessageBytes } from './limits.ts';

/** `plain`: a 4-byte big-endian length. `magic`: 51 54 58 01, then that length. Both are always read. */
export type HeaderForm = 'plain' | 'magic';

const magic = [0x51, 0x54, 0x58, 0x01] as const;

/** Bytes needed to accept a header: the longer header and the first byte of the message. */
export const headerProbeBytes = 9;

export interface Header {
  readonly form: HeaderForm;
  readonly headerBytes: number;
  readonly lengthBytes: number;
}

/**
 * Classifies the first `count` bytes of `bytes`: a header, not a header, or `undefined` while undecided. The byte after
 * the header must be a tag that a message of this dialect can start with, so that few false lengths are accepted.
 */
export function readHeader(bytes: Uint8Array, count: number): Header | 'none' | undefined {
  if (count === 0) return undefined;
  if (bytes[0] === 0x51) {
    if (count > 1 && bytes[1] !== 0x54) return 'none';
    if (count > 2 && bytes[2] !== 0x58) return 'none';
    if (count > 3 && bytes[3] !== 0x01) return 'none';
    return readLength('magic', bytes, 4, count);
  }
  return (bytes[0] as number) > 1 ? 'none' : readLength('plain', bytes, 0, count);
}

function readLength(form: HeaderForm, bytes: Uint8Array, at: number, count: number): Header | 'none' | undefined {
  if (count < at + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4);
  const lengthBytes = view.getUint32(0);
  if (lengthBytes === 0 || lengthBytes > maxMessageBytes) return 'none';
  if (count < at + 5) return undefined;
  return canBeginMessage(bytes[at + 4] as number) ? { form, headerBytes: at + 4, lengthBytes } : 'none';
}

/** Whether a byte is the tag of message_id or timestamp, or the first of one of the payload's fields (from 10 on). */
function canBeginMessage(byte: number): boolean {
  return (
    byte === agentMessageMessageIdTag ||
    byte === agentMessageTimestampTag ||
    (byte >= agentMessagePingTag && (byte & 7) === 2)
  );
}

/** Whether a fresh connection starts with a message of this dialect: the magic, or a length and a tag. */
export function detectAgentMessage(firstBytes: Uint8Array): Detection {
  if (firstBytes[0] === magic[0]) return detectPrefix(firstBytes, magic);
  const length = detectLength(firstBytes);
  const tag = firstBytes[4];
  if (length !== 'yes') return length;
  if (tag === undefined) return 'more';
  return canBeginMessage(tag) ? 'yes' : 'no';
}

/** The header for a message of `lengthBytes`. */
export function printHeader(form: HeaderForm, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(form === 'magic' ? 8 : 4);
  if (form === 'magic') bytes.set(magic);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, lengthBytes);
  return bytes;
}
