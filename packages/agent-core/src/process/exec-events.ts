import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecExitedSchema } from '@innkeeper/contract/agent';
import { LiteWriter } from '@innkeeper/contract/lite';
import type { ProcessRecord } from './managed-process.ts';

/** ExecEvent.output up to its data, which comes last: field 2 { 1 offset, 2 stream, 3 data }. */
export function outputPrefix(offset: number, stream: 1 | 2, count: number): Uint8Array {
  const inner = new LiteWriter();
  if (offset > 0) {
    inner.varint(0x08);
    inner.varint(offset);
  }
  inner.varint(0x10);
  inner.varint(stream);
  inner.varint(0x1a);
  inner.varint(count);
  const outer = new LiteWriter();
  outer.varint(0x12);
  outer.varint(inner.length + count);
  outer.bytes(inner.finish());
  return outer.finish();
}

/** A record as its message. */
export function exitedEvent(record: ProcessRecord): MessageInitShape<typeof ExecExitedSchema> {
  const { exit } = record;
  return {
    status:
      exit.signal === undefined
        ? { case: 'exitCode', value: exit.exitCode ?? 0 }
        : { case: 'signal', value: exit.signal },
    ending: record.ending,
    truncated: record.truncated,
    stdoutBytes: BigInt(record.stdoutBytes),
    stderrBytes: BigInt(record.stderrBytes),
    durationMs: BigInt(record.durationMs),
    orphansLeft: record.orphansLeft,
    userTimeUs: BigInt(exit.userTimeUs),
    systemTimeUs: BigInt(exit.systemTimeUs),
    maxRssBytes: BigInt(exit.maxRssBytes),
  };
}
