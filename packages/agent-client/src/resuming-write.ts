import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OpenWriteSchema, WriteFileEventSchema, WriteFileRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { LiteWriter } from '@innkeeper/contract/lite';
import { bulkHeadroom, bulkTailroom } from '@innkeeper/wire';
import type { FileSource, WriteFileOptions } from './agent-link.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { stopOnAbort } from './session/stop-on-abort.ts';
import { openCall, type TypedCall } from './session/typed-call.ts';

const chunkBytes = 61_440;

export interface WriteResult {
  readonly bytes: bigint;
  readonly sha256: Uint8Array;
}

type OpenInit = MessageInitShape<typeof OpenWriteSchema>;
type WriteCall = TypedCall<typeof WriteFileRequestSchema, typeof WriteFileEventSchema>;

/** Uploads a file; with an upload_id it goes on in the next session from where the agent is. */
export async function resumingWrite(
  sessions: LinkSessions,
  open: OpenInit,
  source: FileSource,
  options: WriteFileOptions,
  neverAborted: AbortSignal,
): Promise<WriteResult> {
  const signal = options.signal ?? neverAborted;
  const canResume = (open.uploadId ?? '') !== '';
  let resume = open.resume ?? false;
  for (;;) {
    const { session } = await sessions.ready(signal);
    try {
      const call = openCall(session, FileServiceLite.write, { input: { case: 'open', value: { ...open, resume } } });
      const untie = stopOnAbort(call.raw, signal);
      try {
        return await upload(call, source, options);
      } finally {
        untie();
        call.raw.cancel(undefined);
      }
    } catch (error) {
      if (!(error instanceof SessionLostError)) throw error;
      if (!canResume)
        throw new OperationError('AGENT_UNREACHABLE', `The upload broke: ${error.message}`, { cause: error });
      resume = true;
    }
  }
}

async function upload(call: WriteCall, source: FileSource, options: WriteFileOptions): Promise<WriteResult> {
  const opened = await call.next();
  if (opened?.event.case !== 'opened')
    throw new OperationError('GUEST_MISBEHAVES', 'An upload was not answered by "opened".');
  const end = await sendChunks(call, source, opened.event.value.offset, options);
  const sha256 = options.expectedSha256?.() ?? new Uint8Array(0);
  await call.send({ input: { case: 'commit', value: { sha256 } } }, { halfClose: true });
  const done = await call.next();
  if (done?.event.case !== 'done')
    throw new OperationError('GUEST_MISBEHAVES', `An upload of ${end} bytes was not answered by "done".`);
  return done.event.value;
}

async function sendChunks(
  call: WriteCall,
  source: FileSource,
  from: bigint,
  options: WriteFileOptions,
): Promise<number> {
  const buffer = new Uint8Array(bulkHeadroom + chunkBytes + bulkTailroom);
  let offset = Number(from);
  let filled = 0;
  const flush = async (): Promise<void> => {
    if (filled === 0) return;
    await call.raw.sendBulk(buffer, bulkHeadroom, bulkHeadroom + filled, chunkPrefix(offset, filled));
    offset += filled;
    filled = 0;
    options.onProgress?.(offset);
  };
  for await (const piece of source(from)) {
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

/** WriteFileRequest.chunk up to its data, which comes last: field 2 { 1 offset, 2 data }. */
function chunkPrefix(offset: number, count: number): Uint8Array {
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
