import { constants, createReadStream, createWriteStream, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import { standardInput } from '../standard-input.ts';
import { secondsOf } from '../tar/file-times.ts';
import { newPartName, removeDeadParts } from '../tar/part-files.ts';
import { writeAll } from '../write-all.ts';

const chunkBytes = 256 * 1024;
/** What is read at most of a file without a true size; the largest in /proc have some tens of MiB. */
const maxUnknownBytes = 256 * 1024 * 1024;
/** The usual block of file systems: a hole is at least one. */
const holeBytes = 4096;
const zeros = Buffer.alloc(holeBytes);
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

/**
 * What is not a file of a known size: a pipe, a device, or a file without blocks, whose size is only known at its end.
 * @throws CliError for a device or such a file that may have no end
 */
export async function* readStream(path: string, maxBytes = maxUnknownBytes): AsyncGenerator<Uint8Array> {
  const fd = descriptorOf(path);
  if (fd === 0) yield* standardInput();
  else {
    const options = { highWaterMark: chunkBytes, ...(fd === undefined ? {} : { fd, autoClose: false }) };
    const stream = createReadStream(fd === undefined ? path : '', options) as AsyncIterable<Uint8Array>;
    const mayBeEndless = fd === undefined && (await hasNoEnd(path));
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (mayBeEndless && bytes > maxBytes)
        throw new CliError(
          `${path} has no true size and more than ${maxBytes / 1024 / 1024} MiB: it may have no end. ` +
            'Copy a part of it: head -c SIZE FILE | inn cp - VM:/path',
        );
      yield chunk;
    }
  }
}

/** Devices such as /dev/zero, and files that the kernel generates; the other end of a pipe is a program, which ends. */
async function hasNoEnd(path: string): Promise<boolean> {
  const stats = await stat(path);
  return stats.isCharacterDevice() || (stats.isFile() && stats.blocks === 0);
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

/** What a copy keeps of a guest's file. */
export interface FileFacts {
  readonly mode: number;
  readonly modifiedNs: bigint;
  /** Its blocks of zeros become holes. */
  readonly hasHoles: boolean;
}

/**
 * Writes a file whole or not at all, by a partial file beside it. Links are followed, and the mode of a replaced file is
 * kept. Written in place instead: what is not a regular file, has several names, is a mount point, or is in a folder that
 * cannot be written.
 */
export async function writeLocal(path: string, chunks: AsyncIterable<Uint8Array>, facts: FileFacts): Promise<void> {
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
  if (existing !== undefined && (!existing.isFile() || existing.nlink > 1))
    await writeInPlace(place, existing, chunks, facts);
  else await replace(place, existing, chunks, facts);
}

async function replace(
  place: string,
  existing: Stats | undefined,
  chunks: AsyncIterable<Uint8Array>,
  facts: FileFacts,
): Promise<void> {
  removeDeadParts(dirname(place));
  const partial = join(dirname(place), newPartName());
  const file = await openPart(partial, existing, facts.mode);
  if (file === undefined) {
    if (existing !== undefined) await writeInPlace(place, existing, chunks, facts);
    return;
  }
  try {
    try {
      const bytes = await writeChunks(file, chunks, facts.hasHoles);
      // The hole at its end.
      if (facts.hasHoles) await file.truncate(bytes);
      if (existing !== undefined) {
        // Only root may keep another owner.
        await file.chown(existing.uid, existing.gid).catch(() => undefined);
        await file.chmod(existing.mode & 0o7777);
      }
      await setTime(file, facts);
    } finally {
      await file.close();
    }
    await rename(partial, place);
  } catch (error) {
    // A mount point cannot be replaced.
    if (existing !== undefined && errnoOf(error) === 'EBUSY')
      await writeInPlace(place, existing, createReadStream(partial, { highWaterMark: chunkBytes }), facts);
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

async function writeInPlace(
  place: string,
  existing: Stats,
  chunks: AsyncIterable<Uint8Array>,
  facts: FileFacts,
): Promise<void> {
  const file = await open(place, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    const bytes = await writeChunks(file, chunks, false);
    if (!existing.isFile()) return;
    await file.truncate(bytes);
    await setTime(file, facts);
  } finally {
    await file.close();
  }
}

/** @param hasHoles leaves out blocks of zeros, so that they become holes of a new file */
async function writeChunks(file: FileHandle, chunks: AsyncIterable<Uint8Array>, hasHoles: boolean): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    for (const { from, to } of hasHoles ? dataOf(chunk, bytes) : [{ from: 0, to: chunk.length }])
      for (let at = from; at < to; ) {
        // A stream has no positions.
        const { bytesWritten } = await file.write(chunk, at, to - at, hasHoles ? bytes + at : null);
        at += bytesWritten;
      }
    bytes += chunk.length;
  }
  return bytes;
}

/** The parts of a chunk without blocks of zeros; `offset` is its place in the file. */
function dataOf(chunk: Uint8Array, offset: number): readonly { readonly from: number; readonly to: number }[] {
  const parts: { from: number; to: number }[] = [];
  for (let from = 0; from < chunk.length; ) {
    const to = Math.min(chunk.length, from + holeBytes - ((offset + from) % holeBytes));
    const last = parts.at(-1);
    if (!zeros.subarray(0, to - from).equals(chunk.subarray(from, to)))
      if (last?.to === from) last.to = to;
      else parts.push({ from, to });
    from = to;
  }
  return parts;
}

async function setTime(file: FileHandle, { modifiedNs }: FileFacts): Promise<void> {
  await file.utimes(secondsOf(modifiedNs), secondsOf(modifiedNs));
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
