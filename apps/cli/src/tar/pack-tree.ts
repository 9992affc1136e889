import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { blockBytes, paddedBytes, tarHeader } from '@innkeeper/tar';

const chunkBytes = 256 * 1024;

export interface PackOptions {
  /** Name of the first entry in the archive. Default: its own name. */
  readonly name?: string | undefined;
  /** Called for each entry that is left out, such as a socket or device, with the reason. */
  readonly onSkip: (what: string) => void;
}

/**
 * Files and folders as a tar archive, with links as links. It is produced while it is read, at most 256 KiB in memory.
 * @throws the file system's error for an entry that cannot be read
 */
export async function* packTree(paths: readonly string[], { name, onSkip }: PackOptions): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* packEntry(path, name ?? nameOf(path), onSkip);
  yield new Uint8Array(2 * blockBytes);
}

/** The last part of a local path, also for "." and ".."; "root" for "/". */
export function nameOf(path: string): string {
  return basename(resolve(path)) || 'root';
}

async function* packEntry(path: string, name: string, onSkip: (what: string) => void): AsyncGenerator<Uint8Array> {
  const stats = await lstat(path);
  if (stats.isDirectory()) {
    yield headerOf(name, stats, 'directory');
    for (const each of (await readdir(path)).sort())
      if (await hasUsableName(join(path, each))) yield* packEntry(join(path, each), `${name}/${each}`, onSkip);
      else onSkip(`${join(path, each)}: its name is not UTF-8`);
  } else if (stats.isSymbolicLink()) yield headerOf(name, stats, 'symlink', await readlink(path));
  else if (stats.isFile()) yield* packFile(path, name);
  else onSkip(`${path}: is not a file, folder or link`);
}

/** Whether a name from readdir can be opened. For a name that is not UTF-8, Node.js returns one that does not exist. */
async function hasUsableName(path: string): Promise<boolean> {
  if (!path.includes('\ufffd')) return true;
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function* packFile(path: string, name: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    yield headerOf(name, stats, 'file');
    yield* contentOf(file, stats.size, path);
  } finally {
    await file.close();
  }
}

/** Exactly as many bytes as the header says. A file that grows meanwhile is cut off; one that shrinks is an error. */
async function* contentOf(file: FileHandle, sizeBytes: number, path: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; ) {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizeBytes - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
  const padding = paddedBytes(sizeBytes) - sizeBytes;
  if (padding > 0) yield new Uint8Array(padding);
}

function headerOf(path: string, stats: Stats, type: 'file' | 'directory' | 'symlink', linkTarget = ''): Uint8Array {
  const { mode, uid, gid, mtimeMs, size } = stats;
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
