import { OperationError } from '@innkeeper/contract/errors';
import type { FileHandle, Host, Sha256 } from '../host.ts';

const stepBytes = 64 * 1024;
/** Bytes between two yields to the event loop: about 10 ms of hashing. */
const yieldBytes = 4 * 1024 * 1024;

/**
 * Adds the bytes [from, to) of a file to a hash. Yields in between, since a partial file can have gigabytes.
 * @throws OperationError FILE_CHANGED if it ends before `to`; the signal's reason
 */
export async function hashFile(
  host: Host,
  file: FileHandle,
  range: { readonly from: number; readonly to: number },
  hash: Sha256,
  signal: AbortSignal,
): Promise<void> {
  const buffer = new Uint8Array(stepBytes);
  let nextYield = range.from + yieldBytes;
  for (let at = range.from; at < range.to; ) {
    const got = host.files.read(file, buffer.subarray(0, Math.min(stepBytes, range.to - at)), at);
    if (got <= 0) throw new OperationError('FILE_CHANGED', `The file was truncated to ${at} bytes while it was read.`);
    hash.update(buffer.subarray(0, got));
    at += got;
    if (at < nextYield) continue;
    nextYield = at + yieldBytes;
    await new Promise<void>((resolve) => host.clock.setTimer(0, resolve));
    signal.throwIfAborted();
  }
}
