import { putStreamMessageHead, sizeOfStreamMessage } from '@innkeeper/contract/agent-frame';
import { frameMessageTag } from '@innkeeper/contract/agent-tags';
import type { ByteOps } from '../byte-ops.ts';
import { frameBytesAround, putCrc, putOpening } from './frame-layout.ts';
import { crcFieldBytes } from './limits.ts';

/** Room before the data for header, envelope and a prefix of up to 80 bytes. */
export const bulkHeadroom = 128;
/** Room after the data for the CRC. */
export const bulkTailroom = 8;

/**
 * Builds a frame around data that is already in `buffer[start, end)`, without copying it. The message's body is
 * `prefix` followed by the data. Header, envelope and prefix are written directly before `start`, the CRC after `end`.
 * @returns the complete frame, a view of `buffer`.
 * @throws RangeError if the frame is longer than `maxFrameBytes` or there is no room around the data.
 */
export function sealStreamMessage(
  buffer: Uint8Array,
  start: number,
  end: number,
  options: {
    readonly session: Uint8Array;
    readonly callId: number;
    readonly prefix: Uint8Array;
    readonly ops: ByteOps;
  },
): Uint8Array {
  const { session, callId, prefix, ops } = options;
  const bodyBytes = prefix.length + end - start;
  const size = sizeOfStreamMessage(callId, false, bodyBytes);
  const frameBytes = frameBytesAround(size, session);
  const first = end + crcFieldBytes - frameBytes;
  if (first < 0 || end + crcFieldBytes > buffer.length)
    throw new RangeError('There is not enough room around the data for a frame.');
  const at = putOpening(buffer, first, frameBytes, session, frameMessageTag, size);
  buffer.set(prefix, putStreamMessageHead(buffer, at, callId, false, bodyBytes));
  putCrc(buffer, first, end, ops);
  return buffer.subarray(first, end + crcFieldBytes);
}
