import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { blockBytes, maxCredibleBytes, maxUnsizedBytes, paddedBytes, tarHeader } from '@innkeeper/tar';

const chunkBytes = 256 * 1024;
/** Some files of the kernel are only read in whole words or pages. */
const pageBytes = 4096;

export interface PackOptions {
  /** Name of the first entry in the archive. Default: its own name. */
  readonly name?: string | undefined;
  /** Called for each entry that is left out, such as a socket or device, with the reason. */
  readonly onSkip: (what: string) => void;
}

/**
 * Files and folders as a tar archive, with links as links. It is produced while it is read, at most 1 MiB in memory.
 * What cannot be read is left out.
 * @throws the file system's error if that is the only path
 */
export async function* packTree(paths: readonly string[], { name, onSkip }: PackOptions): AsyncGenerator<Uint8Array> {
  const [only] = paths;
  for (const path of paths)
    yield* packEntry(path, name ?? nameOf(path), (what, error) => {
      if (error !== undefined && paths.length === 1 && what === only) throw error;
      onSkip(error === undefined ? what : `${what}: could not be read: ${errnoOf(error)}`);
    });
  yield new Uint8Array(2 * blockBytes);
}

/** The last part of a local path, also for "." and ".."; "root" for "/". */
export function nameOf(path: string): string {
  return basename(resolve(path)) || 'root';
}

/** Reports what is left out: a text, or the path and the error that it had. */
type Report = (what: string, error?: unknown) => void;

async function* packEntry(path: string, name: string, report: Report): AsyncGenerator<Uint8Array> {
  const stats = await attempt(lstat(path), path, report);
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    const names = await attempt(readdir(path), path, report);
    yield headerOf(name, stats, 'directory');
    for (const each of (names ?? []).sort())
      if (await hasUsableName(join(path, each))) yield* packEntry(join(path, each), `${name}/${each}`, report);
      else report(`${join(path, each)}: its name is not UTF-8`);
  } else if (stats.isSymbolicLink()) {
    const target = await attempt(readlink(path), path, report);
    if (target !== undefined) yield headerOf(name, stats, 'symlink', target);
  } else if (stats.isFile()) yield* packFile(path, name, report);
  else report(`${path}: is not a file, folder or link`);
}

/** undefined if it failed, which was then reported. */
async function attempt<T>(work: Promise<T>, path: string, report: Report): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    report(path, error);
    return undefined;
  }
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Whether a name from readdir can be opened. For a name that is not UTF-8, Node.js returns one that does not exist. */
async function hasUsableName(path: string): Promise<boolean> {
  if (!path.includes('\ufffd')) return true;
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function* packFile(path: string, name: string, report: Report): AsyncGenerator<Uint8Array> {
  const opening = open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const file = await attempt(opening, path, report);
  if (file === undefined) return;
  try {
    const stats = await attempt(file.stat(), path, report);
    if (stats === undefined) return;
    if (stats.blocks > 0) {
      yield headerOf(name, stats, 'file');
      yield* contentOf(file, stats.size, path, report);
      return;
    }
    const content = await attempt(beginningOf(file), path, report);
    if (content === undefined) return;
    if (content.length <= maxUnsizedBytes) {
      yield headerOf(name, stats, 'file', '', content.length);
      yield content;
      yield* paddingOf(content.length);
    } else if (stats.size >= content.length && stats.size < maxCredibleBytes) {
      yield headerOf(name, stats, 'file');
      yield* contentOf(file, stats.size, path, report);
    } else report(`${path}: has no true size, and more than ${maxUnsizedBytes} bytes`);
  } finally {
    await file.close();
  }
}

/**
 * The content up to a page more than the limit. The size of a file without blocks, as in /proc, is only known when it
 * has been read.
 */
async function beginningOf(file: FileHandle): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at <= maxUnsizedBytes) {
    const chunk = new Uint8Array(Math.min(chunkBytes, maxUnsizedBytes + pageBytes - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) break;
    parts.push(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  return Buffer.concat(parts);
}

/**
 * Exactly as many bytes as the header says. A file that grows meanwhile is cut off; what is missing of one that shrinks
 * or cannot be read becomes zeros, and is reported.
 */
async function* contentOf(
  file: FileHandle,
  sizeBytes: number,
  path: string,
  report: Report,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  while (at < sizeBytes) {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizeBytes - at));
    const got = await attempt(file.read(chunk, 0, chunk.length, at), path, report);
    if (got === undefined) break;
    if (got.bytesRead === 0) {
      report(`${path}: became shorter while it was read`);
      break;
    }
    yield chunk.subarray(0, got.bytesRead);
    at += got.bytesRead;
  }
  while (at < sizeBytes) {
    const zeros = new Uint8Array(Math.min(chunkBytes, sizeBytes - at));
    yield zeros;
    at += zeros.length;
  }
  yield* paddingOf(sizeBytes);
}

function* paddingOf(sizeBytes: number): Generator<Uint8Array> {
  const padding = paddedBytes(sizeBytes) - sizeBytes;
  if (padding > 0) yield new Uint8Array(padding);
}

function headerOf(
  path: string,
  stats: Stats,
  type: 'file' | 'directory' | 'symlink',
  linkTarget = '',
  size = stats.size,
): Uint8Array {
  const { mode, uid, gid, mtimeMs } = stats;
  return tarHeader({
    path,
    type,
    linkTarget,
    sizeBytes: type === 'file' ? size : 0,
    user: '',
    group: '',
    stat: { mode: mode & 0o7777, uid, gid, modifiedNs: BigInt(Math.floor(mtimeMs)) * 1_000_000n },
  });
}
