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
/** Data is handed on in pieces of this size. */
const pieceBytes = 60_000;

/**
 * What a file_write is. `whole`: the file in one message. `first`: the first of several that say so (`total_chunks`).
 * `later`: belongs to an upload that a `first` began; where none did, it is written in place at its offset.
 */
export type FileWriteKind = 'whole' | 'first' | 'later';

export function fileWriteKind(request: FileWriteRequest): FileWriteKind {
  if (request.append || request.offset > 0n || request.chunkNumber > 0) return 'later';
  return request.totalChunks > 1 && !request.eof ? 'first' : 'whole';
}

/** Whether nothing follows in this upload. */
export function isLastChunk(request: FileWriteRequest): boolean {
  return request.eof || (request.totalChunks > 0 && request.chunkNumber + 1 >= request.totalChunks);
}

/** file_write to one Write: a whole file, which appears at once or not at all, or a piece in place. */
export function fileWriteCall(request: FileWriteRequest): AgentMessageCall {
  let offset = request.offset;
  return {
    method: method.name,
    timeoutMs: 60_000,
    *requests() {
      yield openMessage(request, placeOf(request));
      // Only now taken: by then `opened` has said where the data goes, which of an append nobody knows before.
      yield* dataMessages(request.data, offset);
      yield commitMessage();
    },
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'opened') offset = event.value.offset;
      return false;
    },
    finish: (error) => fileWriteReply(request, error),
  };
}

function placeOf(request: FileWriteRequest): MessageInitShape<typeof OpenWriteSchema> {
  // A later chunk without a place of its own can only belong at the end.
  if (request.append || (request.chunkNumber > 0 && request.offset === 0n)) return { append: true };
  if (request.offset > 0n) return { inPlaceOffset: request.offset };
  return { sizeBytes: BigInt(request.data.length) };
}

/** The request that opens the file. `mode` 0 is no wish. */
export function openMessage(
  request: FileWriteRequest,
  place: MessageInitShape<typeof OpenWriteSchema> = {},
): Uint8Array {
  const { path, createParents } = request;
  const mode = request.mode === 0 ? {} : { mode: request.mode };
  return liteEncode(method.input, { input: { case: 'open', value: { path, createParents, ...mode, ...place } } });
}

/** The requests that carry the data, from `offset` of the file on. */
export function* dataMessages(data: Uint8Array, offset: bigint): Iterable<Uint8Array> {
  for (let at = 0; at < data.length; at += pieceBytes) {
    const chunk = { offset: offset + BigInt(at), data: data.subarray(at, at + pieceBytes) };
    yield liteEncode(method.input, { input: { case: 'chunk', value: chunk } });
  }
}

/** The request that puts the file into its place. */
export function commitMessage(): Uint8Array {
  return liteEncode(method.input, { input: { case: 'commit', value: {} } });
}

/** The response to one chunk. */
export function fileWriteReply(request: FileWriteRequest, error: OperationError | undefined): AgentMessageReply {
  const { chunkNumber, data } = request;
  const value =
    error === undefined
      ? { success: true, bytesWritten: BigInt(data.length), chunkNumber }
      : { success: false, error: errorText(error), chunkNumber };
  return { tag: agentMessageFileWriteResponseTag, parts: [liteEncode(FileWriteResponseLite, value)] };
}
