import { type connectEventDataTag, connectRequestDataTag } from '@innkeeper/contract/agent-tags';

/** The same field number in both directions. */
const dataTag: typeof connectEventDataTag = connectRequestDataTag;
/** A tag and a length of three bytes. */
const prefix = new Uint8Array(4);

/** The `data` of a ConnectEvent up to its bytes. Reused: valid until the next one is made. */
export function dataPrefix(count: number): Uint8Array {
  prefix[0] = dataTag;
  let at = 1;
  let rest = count;
  while (rest > 127) {
    prefix[at++] = (rest & 127) | 128;
    rest >>= 7;
  }
  prefix[at] = rest;
  return prefix.subarray(0, at + 1);
}

/**
 * Where the bytes of a message start that is one `data`, as every sender writes it; they extend to its end. undefined
 * for any other message, well-formed or not: the decoder handles those.
 */
export function dataStart(body: Uint8Array): number | undefined {
  if (body[0] !== dataTag) return undefined;
  let length = 0;
  for (let at = 1; at < 5; at += 1) {
    const byte = body[at];
    if (byte === undefined) return undefined;
    length |= (byte & 127) << (7 * (at - 1));
    if (byte < 128) return length === body.length - at - 1 ? at + 1 : undefined;
  }
  return undefined;
}
