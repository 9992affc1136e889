import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/**
 * Opens a regular file of the host for reading. Rejects as fs does, and with EINVAL for anything else: `open` or `read` of
 * a FIFO, device or socket can block forever, and with it one of the few threads that all file access shares. The file is
 * checked with stat, opened with O_NONBLOCK, and checked again.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  if (!(await stat(path)).isFile()) throw notRegular(path);
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!(await file.stat()).isFile()) throw notRegular(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a whole small regular file. Rejects as `openRegularFile`, and with EFBIG when it is larger than `maxBytes`. */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer> {
  await using file = await openRegularFile(path);
  const { size } = await file.stat();
  if (size > maxBytes) throw withCode('EFBIG', `${path} has ${size} bytes; at most ${maxBytes} are read`);
  const buffer = Buffer.alloc(maxBytes);
  let count = 0;
  while (count < maxBytes) {
    const { bytesRead } = await file.read(buffer, count, maxBytes - count, count);
    if (bytesRead === 0) break;
    count += bytesRead;
  }
  return buffer.subarray(0, count);
}

function notRegular(path: string): Error {
  return withCode('EINVAL', `${path} is not a regular file`);
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
