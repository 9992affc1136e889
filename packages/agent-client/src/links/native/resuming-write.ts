import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OpenWriteSchema, WriteFileEventSchema, WriteFileRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { FileSource, WriteFileOptions } from '../../agent-link.ts';
import { checkHash, checkTotal, misbehaves, offsetOf } from '../../guest-claims.ts';
import type { LinkSessions } from './link-sessions.ts';
import { sendChunks } from './send-chunks.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openInTurn, type TypedCall } from './session/typed-call.ts';

export interface WriteResult {
  readonly bytes: bigint;
  readonly sha256: Uint8Array;
}

type OpenInit = MessageInitShape<typeof OpenWriteSchema>;
type WriteCall = TypedCall<typeof WriteFileRequestSchema, typeof WriteFileEventSchema>;

/** Uploads a file; with an upload_id it continues in the next session from the agent's offset. */
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
      const first = { input: { case: 'open', value: { ...open, resume } } } as const;
      using call = await openInTurn(session, FileServiceLite.write, first, { signal });
      return await upload(call, { ...open, resume }, source, options);
    } catch (error) {
      if (!(error instanceof SessionLostError)) throw error;
      if (!canResume)
        throw new OperationError('AGENT_UNREACHABLE', `The upload failed: ${error.message}`, { cause: error });
      resume = true;
    }
  }
}

async function upload(
  call: WriteCall,
  { resume = false, inPlaceOffset, append = false, sha256: isHashed = false }: OpenInit,
  source: FileSource,
  options: WriteFileOptions,
): Promise<WriteResult> {
  const opened = await call.next();
  if (opened?.event.case !== 'opened') throw misbehaves('An upload was not answered with "opened".');
  const { offset } = opened.event.value;
  offsetOf(offset, 'The offset of an upload');
  if (offset !== 0n && !resume && inPlaceOffset === undefined && !append)
    throw misbehaves(`A new upload starts at offset ${offset}.`);
  const end = await sendChunks(call, source(offset), offset, options.onProgress);
  const expected = options.expectedSha256?.() ?? new Uint8Array(0);
  await call.send({ input: { case: 'commit', value: { sha256: expected } } }, { halfClose: true });
  const done = await call.next();
  if (done?.event.case !== 'done') throw misbehaves(`An upload of ${end} bytes was not answered with "done".`);
  const { bytes, sha256 } = done.event.value;
  if (inPlaceOffset === undefined && !append) checkTotal(bytes, end, 'The upload');
  checkHash(sha256, isHashed);
  return done.event.value;
}
