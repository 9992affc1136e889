import type { ReadFileEventSchema, ReadFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { maxCredibleBytes } from '@innkeeper/tar';
import { type CallContext, isBulkSink } from '../dispatch.ts';
import type { FileHandle, FileStat, Host } from '../host.ts';
import { checkPath } from './check-path.ts';
import { chunkPrefix } from './chunk-prefix.ts';
import { fileInfo } from './file-info.ts';
import { openOptions } from './open-options.ts';

/** What is read at most of a file without a true size; the largest in /proc have some tens of MiB. */
const maxUnknownBytes = 256 * 1024 * 1024;

/**
 * Streams a file: its info, its bytes from the offset on, and their total. Reads to the actual end, not to the size
 * that stat reported: files in /proc have size 0, those in /sys 4096, and a log grows.
 * @throws OperationError INVALID_PATH, FILE_IS_DIRECTORY, INVALID_ARGUMENT, FILE_CHANGED; HostError
 */
export async function readFile(
  host: Host,
  request: ReadFileRequest,
  context: CallContext<typeof ReadFileEventSchema>,
): Promise<void> {
  const path = checkPath(request.path);
  checkRange(request);
  const { files } = host;
  const file = files.open(path, openOptions({ noSymlinks: request.noSymlinks, nonBlocking: true }));
  try {
    const stat = files.statHandle(file);
    checkReadable(path, stat);
    const mayBeEndless = request.length === 0n && hasNoTrueSize(host, path, stat);
    if (mayBeEndless && stat.sizeBytes >= maxCredibleBytes) throw endless(path);
    await context.send({ event: { case: 'info', value: fileInfo(host, path, stat) } });
    const hash = request.sha256 ? host.bytes.createSha256() : undefined;
    const start = Number(request.offset);
    const end = request.length === 0n ? Number.MAX_SAFE_INTEGER : start + Number(request.length);
    const readAt = stat.type === 'character' ? files.readNext : files.read;
    let at = start;
    const fill = (into: Uint8Array): number => {
      const got = Math.max(0, readAt.call(files, file, end - at < into.length ? into.subarray(0, end - at) : into, at));
      if (got > 0) hash?.update(into.subarray(0, got));
      at += got;
      if (mayBeEndless && at - start > maxUnknownBytes) throw endless(path);
      return got;
    };
    const prefixOf = (got: number): Uint8Array => chunkPrefix(at - got, got);
    const { sink, signal } = context;
    if (isBulkSink(sink)) await sink.sendStream(fill, prefixOf);
    else while (at < end && (await sink.sendBulk(end - at, fill, prefixOf)) > 0) signal.throwIfAborted();
    checkNotTruncated(host, { path, file, before: stat }, { start, at, end });
    const bytes = BigInt(at - start);
    const done = hash === undefined ? { bytes } : { bytes, sha256: hash.digest() };
    await context.sendLast({ event: { case: 'done', value: done } });
  } finally {
    file.close();
  }
}

/** Devices such as /dev/zero, and files that the kernel generates, in file systems without a size. */
function hasNoTrueSize(host: Host, path: string, { type, allocatedBytes }: FileStat): boolean {
  if (type === 'character') return true;
  return type === 'regular' && allocatedBytes === 0 && host.files.statVfs(path).totalBytes === 0;
}

function endless(path: string): OperationError {
  return new OperationError(
    'FILE_ENDLESS',
    `${path} has no true size and more than ${maxUnknownBytes / 1024 / 1024} MiB: it may have no end.`,
  );
}

/** Positions are numbers here; no file reaches 2^53 bytes. */
function checkRange({ offset, length }: ReadFileRequest): void {
  if (offset + length > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OperationError('INVALID_ARGUMENT', 'offset plus length must be at most 2^53 - 1.');
}

function checkReadable(path: string, { type }: FileStat): void {
  if (type === 'directory') throw new OperationError('FILE_IS_DIRECTORY', `${path} is a directory.`);
  if (type === 'fifo' || type === 'socket')
    throw new OperationError('INVALID_ARGUMENT', `${path} is a ${type}: it has no content to read.`);
}

/** Fewer bytes than stat reported and a smaller size now: the file was truncated while it was read. */
function checkNotTruncated(
  host: Host,
  { path, file, before }: { readonly path: string; readonly file: FileHandle; readonly before: FileStat },
  { start, at, end }: { readonly start: number; readonly at: number; readonly end: number },
): void {
  if (before.type !== 'regular' || at >= Math.min(end, before.sizeBytes) || start >= before.sizeBytes) return;
  if (host.files.statHandle(file).sizeBytes < before.sizeBytes)
    throw new OperationError('FILE_CHANGED', `${path} was truncated to ${at} bytes while it was read.`);
}
