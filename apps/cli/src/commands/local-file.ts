import { constants, createReadStream, createWriteStream, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import { standardInput } from '../standard-input.ts';
import { newPartName, removeDeadParts } from '../tar/part-files.ts';
import { writeAll } from '../write-all.ts';

const chunkBytes = 256 * 1024;
const names: Readonly<Partial<Record<string, number>>> = {
  '-': 0,
  '/dev/stdin': 0,
  '/dev/stdout': 1,
  '/dev/stderr': 2,
};

/**
 * The descriptor of this process that a path names, such as /dev/stdout: it is used itself, since a socket cannot be
 * opened by its path, and a file would be overwritten from its beginning.
 */
export function descriptorOf(path: string): number | undefined {
  const number = /^\/(?:dev|proc\/self)\/fd\/(\d{1,5})$/.exec(path)?.[1];
  return number === undefined ? names[path] : Number(number);
}

/** What is not a file of a known size: a pipe, a device, or a file without blocks, whose size is only known at its end. */
export async function* readStream(path: string): AsyncGenerator<Uint8Array> {
  const fd = descriptorOf(path);
  if (fd === 0) yield* standardInput();
  else {
    const options = { highWaterMark: chunkBytes, ...(fd === undefined ? {} : { fd, autoClose: false }) };
    yield* createReadStream(fd === undefined ? path : '', options) as AsyncIterable<Uint8Array>;
  }
}

/**
 * A file from an offset up to the size that it had at the start; what it grows by meanwhile is left out.
 * @throws CliError if it becomes shorter
 */
export async function* readFrom(path: string, offset: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let at = offset;
  if (at < sizeBytes)
    for await (const chunk of createReadStream(path, {
      start: offset,
      end: sizeBytes - 1,
      highWaterMark: chunkBytes,
    })) {
      at += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  if (at < sizeBytes)
    throw new CliError(
      `${path} became shorter while it was read: ${at} of ${sizeBytes} bytes are left. Copy it again.`,
    );
}

/**
 * Writes a file whole or not at all, by a partial file beside it. Links are followed, and the mode of a replaced file is
 * kept. Written in place instead: what is not a regular file, has several names, is a mount point, or is in a folder that
 * cannot be written.
 */
export async function writeLocal(path: string, chunks: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  const fd = descriptorOf(path);
  if (fd === 1) {
    for await (const chunk of chunks) await writeAll(process.stdout, chunk);
    return;
  }
  if (fd !== undefined) {
    await pipeline(chunks, createWriteStream('', { fd, autoClose: false }));
    return;
  }
  const existing = await statOf(path);
  const place = existing === undefined ? path : await realpath(path);
  if (existing !== undefined && (!existing.isFile() || existing.nlink > 1)) await writeInPlace(place, existing, chunks);
  else await replace(place, existing, chunks, mode);
}

async function replace(
  place: string,
  existing: Stats | undefined,
  chunks: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  removeDeadParts(dirname(place));
  const partial = join(dirname(place), newPartName());
  const file = await openPart(partial, existing, mode);
  if (file === undefined) {
    if (existing !== undefined) await writeInPlace(place, existing, chunks);
    return;
  }
  try {
    try {
      await writeChunks(file, chunks);
      if (existing !== undefined) {
        // Only root may keep another owner.
        await file.chown(existing.uid, existing.gid).catch(() => undefined);
        await file.chmod(existing.mode & 0o7777);
      }
    } finally {
      await file.close();
    }
    await rename(partial, place);
  } catch (error) {
    // A mount point cannot be replaced.
    if (existing !== undefined && errnoOf(error) === 'EBUSY')
      await writeInPlace(place, existing, createReadStream(partial, { highWaterMark: chunkBytes }));
    else throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** undefined if the folder cannot be written but has the file. */
async function openPart(partial: string, existing: Stats | undefined, mode: number): Promise<FileHandle | undefined> {
  try {
    return await open(partial, 'wx', existing === undefined ? mode & 0o777 : 0o600);
  } catch (error) {
    if (existing !== undefined && ['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

async function writeInPlace(place: string, existing: Stats, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(place, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    const bytes = await writeChunks(file, chunks);
    if (existing.isFile()) await file.truncate(bytes);
  } finally {
    await file.close();
  }
}

async function writeChunks(file: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, at);
      at += bytesWritten;
      bytes += bytesWritten;
    }
  return bytes;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
