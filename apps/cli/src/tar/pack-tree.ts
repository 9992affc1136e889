import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { blockBytes, paddedBytes, tarHeader } from '@innkeeper/tar';

const pieceBytes = 256 * 1024;

export interface PackOptions {
  /** What the first entry is called in the archive. Default: its own name. */
  readonly name?: string | undefined;
  /** Sockets, devices and the like, which are left out. */
  readonly onSkip: (what: string) => void;
}

/**
 * Files and folders as a tar archive, links as links, made as it is read: no more than one piece is held. Fails with the
 * file system's error for what cannot be read.
 */
export async function* packTree(paths: readonly string[], { name, onSkip }: PackOptions): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* packEntry(path, name ?? nameOf(path), onSkip);
  yield new Uint8Array(2 * blockBytes);
}

/** The last part of a path here, also of "." and "..". */
export function nameOf(path: string): string {
  return basename(resolve(path)) || 'root';
}

async function* packEntry(path: string, name: string, onSkip: (what: string) => void): AsyncGenerator<Uint8Array> {
  const stats = await lstat(path);
  if (stats.isDirectory()) {
    yield headerOf(name, stats, 'directory');
    for (const each of (await readdir(path)).sort())
      if (await isNamed(join(path, each))) yield* packEntry(join(path, each), `${name}/${each}`, onSkip);
      else onSkip(`${join(path, each)}: its name is no UTF-8`);
  } else if (stats.isSymbolicLink()) yield headerOf(name, stats, 'symlink', await readlink(path));
  else if (stats.isFile()) yield* packFile(path, name);
  else onSkip(`${path}: is no file, folder or link`);
}

/** Node cannot name a file by bytes that are no UTF-8, and gives a name for it that leads nowhere. */
async function isNamed(path: string): Promise<boolean> {
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

/** As many bytes as the header said; a file that grows meanwhile is cut there, one that shrinks is an error. */
async function* contentOf(file: FileHandle, sizeBytes: number, path: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; ) {
    const piece = new Uint8Array(Math.min(pieceBytes, sizeBytes - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error(`${path} was cut while it was read`);
    yield piece.subarray(0, bytesRead);
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
