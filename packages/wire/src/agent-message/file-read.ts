import type { FileInfo, ReadFileDone } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { FileReadRequest } from '@innkeeper/contract/agent-message';
import { FileReadResponseLite } from '@innkeeper/contract/agent-message-lite';
import {
  fileReadResponseDataTag,
  agentMessageFileReadResponseTag as tag,
} from '@innkeeper/contract/agent-message-tags';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Allowance } from '../byte-budget.ts';
import { errorText } from './error-text.ts';
import { defaultReadBytes, type GuestLimits, maxReadBytes } from './limits.ts';
import type { AgentMessageCall } from './reply.ts';
import { bulkField, byteLength } from './reply.ts';

const method = FileServiceLite.read;
const nsPerSecond = 1_000_000_000n;

/**
 * file_read to Read: one chunk per request, at most `chunk_size` (64 KiB if 0, never more than 1 MiB or the guest's limit) and `length`. The
 * caller continues at offset + data until `eof`.
 */
export function fileReadCall(
  request: FileReadRequest,
  allowance: Allowance,
  { maxChunkBytes = maxReadBytes }: GuestLimits = {},
): AgentMessageCall {
  const chunkBytes = Math.min(request.chunkSize || defaultReadBytes, maxChunkBytes, maxReadBytes);
  const wantedBytes =
    request.length === 0n || request.length > BigInt(chunkBytes) ? chunkBytes : Number(request.length);
  const parts: Uint8Array[] = [];
  let info: FileInfo | undefined;
  let done: ReadFileDone | undefined;
  const keep = (data: Uint8Array): void => {
    if (allowance.take(data.length) < data.length) {
      throw new OperationError('TOO_MANY_CALLS', 'Answers to other requests use all the memory reserved for answers.');
    }
    parts.push(data.slice());
  };
  return {
    method: method.name,
    timeoutMs: 60_000,
    requests: () => [
      liteEncode(method.input, { path: request.path, offset: request.offset, length: BigInt(wantedBytes) }),
    ],
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'info') info = event.value;
      else if (event.case === 'chunk') keep(event.value.data);
      else if (event.case === 'done') done = event.value;
      return false;
    },
    finish: (error) => {
      if (error !== undefined || info === undefined || done === undefined) {
        const text = errorText(error) || 'INTERNAL: The call ended before the end of the file.';
        return { tag, parts: [liteEncode(FileReadResponseLite, { success: false, error: text })] };
      }
      const dataBytes = byteLength(parts);
      const rest = {
        // Files in /proc have size 0: there only a short read shows the end.
        eof: dataBytes < wantedBytes || (info.sizeBytes > 0n && request.offset + BigInt(dataBytes) >= info.sizeBytes),
        totalSize: info.sizeBytes,
        offset: request.offset,
        chunkNumber: Number(BigInt.asUintN(32, request.offset / BigInt(chunkBytes))),
        mode: info.mode,
        modifiedAt: timestamp(info.modifiedUnixNs),
      };
      const success = liteEncode(FileReadResponseLite, { success: true });
      return {
        tag,
        parts: [success, ...bulkField(fileReadResponseDataTag, parts), liteEncode(FileReadResponseLite, rest)],
      };
    },
  };
}

function timestamp(ns: bigint): { seconds: bigint; nanos: number } {
  const nanos = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return { seconds: (ns - nanos) / nsPerSecond, nanos: Number(nanos) };
}
