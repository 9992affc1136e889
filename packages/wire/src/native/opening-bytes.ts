import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HelloSchema } from '@innkeeper/contract/agent';
import type { ByteOps } from '../byte-ops.ts';
import { type Detection, detectPrefix } from '../detection.ts';
import { encodeFrame } from './encode-frame.ts';
import { zeroRunBytes } from './limits.ts';

/** The bytes that a node writes to open a session: the run of zeros, then the hello. `nonce`: 16 new random bytes. */
export function openingBytes(
  nonce: Uint8Array,
  hello: MessageInitShape<typeof HelloSchema>,
  ops: ByteOps,
): Uint8Array<ArrayBuffer> {
  const frame = encodeFrame(nonce, { case: 'hello', value: hello }, ops);
  const bytes = new Uint8Array(zeroRunBytes + frame.length);
  bytes.set(frame, zeroRunBytes);
  return bytes;
}

/** Whether a fresh connection starts like that of a node: with at least four zeros. */
export function detectNative(firstBytes: Uint8Array): Detection {
  return detectPrefix(firstBytes, [0, 0, 0, 0]);
}
