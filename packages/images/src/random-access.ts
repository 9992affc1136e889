import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '@innkeeper/kit/node';

/** A file that is read by position. */
export interface RandomAccess {
  readonly sizeBytes: number;
  /** Resolves to `length` bytes at `offset`; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Opens a regular file to read it by position. Rejects as fs does; EINVAL when it is not a regular file. */
export async function openRandomAccess(path: string): Promise<RandomAccess & AsyncDisposable> {
  const file = await openRegularFile(path);
  try {
    const stat = await file.stat();
    return {
      sizeBytes: stat.size,
      read: (offset, length) => readAt(file, offset, length),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let count = 0;
  while (count < length) {
    const { bytesRead } = await file.read(buffer, count, length - count, offset + count);
    if (bytesRead === 0) break;
    count += bytesRead;
  }
  return buffer.subarray(0, count);
}
