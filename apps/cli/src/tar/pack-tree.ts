import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  blockBytes,
  type Extent,
  maxCredibleBytes,
  maxUnsizedBytes,
  paddedBytes,
  type TarEntry,
  tarHeader,
} from '@innkeeper/tar';
import { AttributeReader } from './attributes.ts';
import { sparseMapOf } from './sparse-map.ts';

const chunkBytes = 256 * 1024;
/** Some files of the kernel are only read in whole words or pages. */
const pageBytes = 4096;

export interface PackOptions {
  /** Name of the first entry in the archive. Default: its own name. */
  readonly name?: string | undefined;
  /** Called for each entry that is left out, such as a socket or device, with the reason. */
  readonly onSkip: (what: string) => void;
  /** Include extended attributes. */
  readonly withAttributes?: boolean | undefined;
}

/**
 * Files and folders as a tar archive, with links as links. It is produced while it is read, at most 1 MiB in memory.
 * What cannot be read is left out.
 * @throws the file system's error if that is the only path
 */
export async function* packTree(
  paths: readonly string[],
  { name, onSkip, withAttributes = false }: PackOptions,
): AsyncGenerator<Uint8Array> {
  const [only] = paths;
  const linked: Packing['linked'] = new Map();
  const attributes = withAttributes ? new AttributeReader(onSkip) : undefined;
  const report: Report = (what, error) => {
    if (error !== undefined && paths.length === 1 && what === only) throw error;
    onSkip(error === undefined ? what : `${what}: could not be read: ${errnoOf(error)}`);
  };
  try {
    for (const path of paths) yield* packEntry(path, name ?? nameOf(path), { report, linked, attributes });
    yield new Uint8Array(2 * blockBytes);
  } finally {
    attributes?.close();
  }
}

/** The last part of a local path, also for "." and ".."; "root" for "/". */
export function nameOf(path: string): string {
  return basename(resolve(path)) || 'root';
}

/** Reports what is left out: a text, or the path and the error that it had. */
type Report = (what: string, error?: unknown) => void;

/** What the entries of an archive have in common. */
interface Packing {
  readonly report: Report;
  /** The first names in the archive of files with several names, while further ones can follow. */
  readonly linked: Map<string, { readonly name: string; left: bigint }>;
  readonly attributes: AttributeReader | undefined;
}

async function* packEntry(path: string, name: string, packing: Packing): AsyncGenerator<Uint8Array> {
  const { report } = packing;
  const stats = await attempt(lstat(path, { bigint: true }), path, report);
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    const names = await attempt(readdir(path), path, report);
    yield headerOf(name, stats, { type: 'directory', attributes: await packing.attributes?.read(path) });
    for (const each of (names ?? []).sort())
      if (await hasUsableName(join(path, each))) yield* packEntry(join(path, each), `${name}/${each}`, packing);
      else report(`${join(path, each)}: its name is not UTF-8`);
  } else if (stats.isSymbolicLink()) {
    const linkTarget = await attempt(readlink(path), path, report);
    if (linkTarget !== undefined) yield headerOf(name, stats, { type: 'symlink', linkTarget });
  } else if (stats.isFile()) {
    const linkTarget = firstName(stats, packing);
    if (linkTarget === undefined) yield* packFile(path, name, packing);
    else yield headerOf(name, stats, { type: 'hardlink', linkTarget });
  } else report(`${path}: is not a file, folder or link`);
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** The name under which a file with several names is in the archive already. */
function firstName(stats: BigIntStats, { linked }: Packing): string | undefined {
  const first = linked.get(keyOf(stats));
  if (first === undefined) return undefined;
  first.left--;
  if (first.left <= 0n) linked.delete(keyOf(stats));
  return first.name;
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

async function* packFile(path: string, name: string, packing: Packing): AsyncGenerator<Uint8Array> {
  const { report, linked } = packing;
  const opening = open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const file = await attempt(opening, path, report);
  if (file === undefined) return;
  try {
    const stats = await attempt(file.stat({ bigint: true }), path, report);
    if (stats === undefined) return;
    let content: Uint8Array | undefined;
    const map = stats.blocks * 512n < stats.size ? await sparseMapOf(file.fd, Number(stats.size)) : undefined;
    if (stats.blocks === 0n && map === undefined) {
      content = await attempt(beginningOf(file), path, report);
      if (content === undefined) return;
      const isTrue = stats.size >= content.length && stats.size < maxCredibleBytes;
      if (content.length > maxUnsizedBytes && !isTrue) {
        report(`${path}: has no true size, and more than ${maxUnsizedBytes} bytes`);
        return;
      }
      if (content.length > maxUnsizedBytes) content = undefined;
    }
    const attributes = await packing.attributes?.read(path);
    if (stats.nlink > 1n) linked.set(keyOf(stats), { name, left: stats.nlink - 1n });
    const sizeBytes = content?.length ?? Number(stats.size);
    yield headerOf(name, stats, { type: 'file', sizeBytes, attributes, map, isLinked: stats.nlink > 1n });
    if (content !== undefined) yield content;
    else for (const part of map ?? [{ offset: 0, sizeBytes }]) yield* contentOf(file, part, path, report);
    yield* paddingOf(map?.reduce((sum, part) => sum + part.sizeBytes, 0) ?? sizeBytes);
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
async function* contentOf(file: FileHandle, part: Extent, path: string, report: Report): AsyncGenerator<Uint8Array> {
  let left = part.sizeBytes;
  while (left > 0) {
    const chunk = new Uint8Array(Math.min(chunkBytes, left));
    const at = part.offset + part.sizeBytes - left;
    const got = await attempt(file.read(chunk, 0, chunk.length, at), path, report);
    if (got === undefined) break;
    if (got.bytesRead === 0) {
      report(`${path}: became shorter while it was read`);
      break;
    }
    yield chunk.subarray(0, got.bytesRead);
    left -= got.bytesRead;
  }
  for (; left > 0; left -= chunkBytes) yield new Uint8Array(Math.min(chunkBytes, left));
}

function* paddingOf(sizeBytes: number): Generator<Uint8Array> {
  const padding = paddedBytes(sizeBytes) - sizeBytes;
  if (padding > 0) yield new Uint8Array(padding);
}

function headerOf(
  path: string,
  { mode, uid, gid, mtimeNs }: BigIntStats,
  facts: Pick<TarEntry, 'type' | 'attributes' | 'map' | 'isLinked'> &
    Partial<Pick<TarEntry, 'linkTarget' | 'sizeBytes'>>,
): Uint8Array {
  const stat = { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), modifiedNs: mtimeNs };
  return tarHeader({ path, linkTarget: '', sizeBytes: 0, user: '', group: '', stat, ...facts });
}
