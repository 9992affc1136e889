import { LiteWriter } from '@innkeeper/contract/lite';

/** ReadFileEvent.chunk up to its data, which comes last: field 2 { 1 offset, 2 data }. */
export function chunkPrefix(offset: number, count: number): Uint8Array {
  const inner = new LiteWriter();
  if (offset > 0) {
    inner.varint(0x08);
    inner.varint(offset);
  }
  inner.varint(0x12);
  inner.varint(count);
  const outer = new LiteWriter();
  outer.varint(0x12);
  outer.varint(inner.length + count);
  outer.bytes(inner.finish());
  return outer.finish();
}
