import {
  fileChunkDataTag,
  fileChunkOffsetTag,
  readFileEventChunkTag,
  type readTarEventChunkTag,
} from '@innkeeper/contract/agent-tags';

/** The same field number in ReadFileEvent and ReadTarEvent. */
const chunkTag: typeof readTarEventChunkTag = readFileEventChunkTag;
/** Two tags, a length of three bytes, an offset of eight, and a length of three. */
const prefix = new Uint8Array(20);

/**
 * The `chunk` of a ReadFileEvent or ReadTarEvent up to its data, which comes last. Reused for every chunk: valid until
 * the next one is made.
 */
export function chunkPrefix(offset: number, count: number): Uint8Array {
  const inner = (offset > 0 ? 1 + varintBytes(offset) : 0) + 1 + varintBytes(count);
  prefix[0] = chunkTag;
  let at = putVarint(1, inner + count);
  if (offset > 0) {
    prefix[at] = fileChunkOffsetTag;
    at = putVarint(at + 1, offset);
  }
  prefix[at] = fileChunkDataTag;
  return prefix.subarray(0, putVarint(at + 1, count));
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** Returns the position of the next byte. */
function putVarint(start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 127) {
    prefix[at] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
    at += 1;
  }
  prefix[at] = rest;
  return at + 1;
}
