import {
  fileChunkDataTag,
  fileChunkOffsetTag,
  writeFileRequestChunkTag,
  type writeTarRequestChunkTag,
} from '@innkeeper/contract/agent-tags';

/** The same field number in both streams with chunks. */
const chunkTag: typeof writeTarRequestChunkTag = writeFileRequestChunkTag;

/** The position of a chunk's data in its message. */
export interface ChunkPosition {
  readonly offset: number;
  readonly start: number;
}

/**
 * Parses a message that is one FileChunk with its data last, as every sender writes it. undefined for any other
 * message, well-formed or not: the decoder handles those. The data extends to the end of the message.
 */
export function parseChunk(body: Uint8Array): ChunkPosition | undefined {
  const end = body.length;
  if (body[0] !== chunkTag) return undefined;
  const outer = readVarint(body, 1);
  if (outer === undefined || outer.value !== end - outer.next) return undefined;
  let at = outer.next;
  let offset = 0;
  if (body[at] === fileChunkOffsetTag) {
    const field = readVarint(body, at + 1);
    if (field === undefined) return undefined;
    offset = field.value;
    at = field.next;
  }
  if (body[at] !== fileChunkDataTag) return undefined;
  const data = readVarint(body, at + 1);
  return data === undefined || data.value !== end - data.next ? undefined : { offset, start: data.next };
}

/** A varint up to 2^49 - 1; undefined if larger or cut off. */
function readVarint(body: Uint8Array, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < start + 7; at += 1) {
    const byte = body[at];
    if (byte === undefined) return undefined;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at + 1 };
    scale *= 128;
  }
  return undefined;
}
