import type { Detection } from '../detection.ts';

/** A JSON object, or the byte with which a client makes the agent forget half a request. */
export function detectQga(firstBytes: Uint8Array): Detection {
  const [first] = firstBytes;
  if (first === undefined) return 'more';
  return first === 0x7b || first === 0xff ? 'yes' : 'no';
}
