import { decodeFrame } from '@innkeeper/contract/agent-frame';
import { FieldReader } from '@innkeeper/contract/lite';
import { payloadOffset } from './frame-layout.ts';
import { crcFieldBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';

/**
 * The payload of a valid frame. Unknown fields are skipped; `{ case: undefined }` if there is no known one.
 * @throws MalformedMessageError if it is malformed.
 */
export function decodePayload(bytes: Uint8Array, start: number, end: number): NativePayload {
  return decodeFrame(new FieldReader(bytes, start + payloadOffset, end - crcFieldBytes));
}
