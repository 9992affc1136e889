import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OpenWriteSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { FileWriteRequest } from '@innkeeper/contract/agent-message';
import { FileWriteResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageFileWriteResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageCall, AgentMessageReply } from './reply.ts';

const method = FileServiceLite.write;
/** Data is passed on in chunks of this size. */
const pieceBytes = 60_000;

/**
 * The kind of a file_write. `whole`: the file in one message. `first`: the first of several (`total_chunks`). `later`:
 * belongs to an upload started by a `first`; without one it is written in place at its offset.
 */
export type FileWriteKind = 'whole' | 'first' | 'later';

/** A file_write with its data, which may be elsewhere than in the message. */
export interface FileWrite {
  readonly request: FileWriteRequest;
  readonly data: FileData;
}

/** Bytes that are read once, in order. */
export interface FileData {
  readonly bytes: number;
  /** In pieces that are valid until the next one is pulled. */
  read(): Iterable<Uint8Array>;
}

/** A file_write whose data is in the message. */
export function wholeFileWrite(request: FileWriteRequest): FileWrite {
  const { data } = request;
  return { request, data: { bytes: data.length, read: () => [data] } };
}

export function fileWriteKind(request: FileWriteRequest): FileWriteKind {
  if (request.append || request.offset > 0n || request.chunkNumber > 0) return 'later';
  return request.totalChunks > 1 && !request.eof ? 'first' : 'whole';
}

/** Whether it is the last of its upload. */
export function isLastChunk(request: FileWriteRequest): boolean {
  return request.eof || (request.totalChunks > 0 && request.chunkNumber + 1 >= request.totalChunks);
}

/** file_write to one Write: a whole file, which appears atomically or not at all, or a part in place. */
export function fileWriteCall(write: FileWrite): AgentMessageCall {
  const { request, data } = write;
  let offset = request.offset;
  return {
    method: method.name,
    timeoutMs: 60_000,
    *requests() {
      yield openMessage(request, targetOf(write));
      // Created lazily: by then `opened` has reported the offset, which is unknown before for an append.
      yield* dataMessages(data, offset);
      yield commitMessage();
    },
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'opened') offset = event.value.offset;
      return false;
    },
    finish: (error) => fileWriteReply(write, error),
  };
}

function targetOf({ request, data }: FileWrite): MessageInitShape<typeof OpenWriteSchema> {
  // A later chunk without an offset can only belong at the end.
  if (request.append || (request.chunkNumber > 0 && request.offset === 0n)) return { append: true };
  if (request.offset > 0n) return { inPlaceOffset: request.offset };
  return { sizeBytes: BigInt(data.bytes) };
}

/** The request that opens the file. `mode` 0 means the default. */
export function openMessage(
  request: FileWriteRequest,
  place: MessageInitShape<typeof OpenWriteSchema> = {},
): Uint8Array {
  const { path, createParents } = request;
  const mode = request.mode === 0 ? {} : { mode: request.mode };
  return liteEncode(method.input, { input: { case: 'open', value: { path, createParents, ...mode, ...place } } });
}

/** The requests with the data, from `offset` on. */
export function* dataMessages(data: FileData, offset: bigint): Iterable<Uint8Array> {
  let next = offset;
  for (const bytes of data.read())
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      yield liteEncode(method.input, { input: { case: 'chunk', value: { offset: next, data: piece } } });
      next += BigInt(piece.length);
    }
}

/** The request that commits the file. */
export function commitMessage(): Uint8Array {
  return liteEncode(method.input, { input: { case: 'commit', value: {} } });
}

/** The response to one chunk. */
export function fileWriteReply({ request, data }: FileWrite, error: OperationError | undefined): AgentMessageReply {
  const { chunkNumber } = request;
  const value =
    error === undefined
      ? { success: true, bytesWritten: BigInt(data.bytes), chunkNumber }
      : { success: false, error: errorText(error), chunkNumber };
  return { tag: agentMessageFileWriteResponseTag, parts: [liteEncode(FileWriteResponseLite, value)] };
}
