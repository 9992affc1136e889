import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecExitedSchema } from '@innkeeper/contract/agent';
import type { OutputStream } from '@innkeeper/contract/agent-lite';
import {
  execEventOutputTag,
  execOutputDataTag,
  execOutputOffsetTag,
  execOutputStreamTag,
} from '@innkeeper/contract/agent-tags';
import { LiteWriter } from '@innkeeper/contract/lite';
import type { ProcessRecord } from './process-state.ts';

/** ExecEvent.output up to its data, which comes last. */
export function outputPrefix(offset: number, stream: OutputStream, count: number): Uint8Array {
  const inner = new LiteWriter();
  if (offset > 0) {
    inner.varint(execOutputOffsetTag);
    inner.varint(offset);
  }
  inner.varint(execOutputStreamTag);
  inner.varint(stream);
  inner.varint(execOutputDataTag);
  inner.varint(count);
  const outer = new LiteWriter();
  outer.varint(execEventOutputTag);
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
    outputCut: record.outputCut,
    userTimeUs: BigInt(exit.userTimeUs),
    systemTimeUs: BigInt(exit.systemTimeUs),
    maxRssBytes: BigInt(exit.maxRssBytes),
  };
}
