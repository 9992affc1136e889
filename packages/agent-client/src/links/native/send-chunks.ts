import type { DescMessage } from '@bufbuild/protobuf';
import {
  fileChunkDataTag,
  fileChunkOffsetTag,
  writeFileRequestChunkTag,
  type writeTarRequestChunkTag,
} from '@innkeeper/contract/agent-tags';
import { LiteWriter } from '@innkeeper/contract/lite';
import { bulkHeadroom, bulkTailroom } from '@innkeeper/wire';
import type { TypedCall } from './session/typed-call.ts';

const chunkBytes = 61_440;
/** The same field number in both streams with chunks. */
const chunkTag: typeof writeTarRequestChunkTag = writeFileRequestChunkTag;

/**
 * Sends bytes as the field `chunk` of a call's messages, 60 KiB each, as the agent grants credit.
 * Returns the offset after the last byte. Rejects with what ended the call, or the source's own error.
 */
export async function sendChunks<I extends DescMessage, O extends DescMessage>(
  call: TypedCall<I, O>,
  pieces: AsyncIterable<Uint8Array>,
  from: bigint,
  onProgress?: (offset: number) => void,
): Promise<number> {
  const buffer = new Uint8Array(bulkHeadroom + chunkBytes + bulkTailroom);
  let offset = Number(from);
  let filled = 0;
  const flush = async (): Promise<void> => {
    if (filled === 0) return;
    await call.raw.sendBulk(buffer, bulkHeadroom, bulkHeadroom + filled, chunkPrefix(offset, filled));
    offset += filled;
    filled = 0;
    onProgress?.(offset);
  };
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, chunkBytes - filled);
      buffer.set(piece.subarray(at, at + count), bulkHeadroom + filled);
      filled += count;
      at += count;
      if (filled === chunkBytes) await flush();
    }
  }
  await flush();
  return offset;
}

/** The message up to its data, which is last. */
function chunkPrefix(offset: number, count: number): Uint8Array {
  const inner = new LiteWriter();
  if (offset > 0) {
    inner.varint(fileChunkOffsetTag);
    inner.varint(offset);
  }
  inner.varint(fileChunkDataTag);
  inner.varint(count);
  const outer = new LiteWriter();
  outer.varint(chunkTag);
  outer.varint(inner.length + count);
  outer.bytes(inner.finish());
  return outer.finish();
}
