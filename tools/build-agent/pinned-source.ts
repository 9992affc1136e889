import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFromDebian } from './debian-archive.ts';
import { runProgram, tryProgram } from './run-program.ts';

/** Source code of others that the build needs. It is downloaded once and never committed. */
export interface PinnedSource {
  /** "QuickJS 2025-04-26" */
  readonly title: string;
  /** Its folder in the cache. */
  readonly folder: string;
  /** A file that the unpacked folder has. */
  readonly witness: string;
  /** Name of the archive in the cache. */
  readonly archive: string;
  readonly sha256: string;
  /** An environment variable with the path of the archive. */
  readonly variable: string;
  /** Debian 13's source package, and the name of the archive in it. */
  readonly debian: { readonly package: string; readonly file: string };
  readonly upstream: string;
}

/** Writes what it has to `archive`, right or not; nothing if it has nothing. */
export type Source = (archive: string, cache: string) => void;

/**
 * Returns a folder with the source, downloaded once and verified by its pinned SHA-256. Places in this order: the file
 * that the environment variable names, Debian 13's source package through the machine's own mirror, upstream's address.
 */
export function fetchPinned(
  pinned: PinnedSource,
  cache: string,
  sources: readonly Source[] = sourcesOf(pinned),
): string {
  const folder = join(cache, pinned.folder);
  if (existsSync(join(folder, pinned.witness))) return folder;
  mkdirSync(cache, { recursive: true });
  const archive = join(cache, pinned.archive);
  if (!isPinned(archive, pinned)) download(pinned, cache, archive, sources);
  const half = `${folder}.part`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half);
  runProgram('tar', ['-xf', archive, '-C', half, '--strip-components=1']);
  runProgram('mv', ['-T', half, folder]);
  return folder;
}

function download(pinned: PinnedSource, cache: string, archive: string, sources: readonly Source[]): void {
  for (const source of sources) {
    source(archive, cache);
    if (isPinned(archive, pinned)) return;
  }
  const { title, sha256, variable, debian } = pinned;
  throw new Error(
    `The source of ${title} could not be downloaded. It is Debian 13's source package "${debian.package}" (file ${debian.file}, SHA-256 ${sha256}). Download it elsewhere and set ${variable} to its path.`,
  );
}

function isPinned(path: string, { sha256 }: PinnedSource): boolean {
  return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === sha256;
}

function sourcesOf({ variable, debian, upstream }: PinnedSource): readonly Source[] {
  return [
    (archive) => {
      const given = process.env[variable];
      if (given !== undefined && existsSync(given)) copyFileSync(given, archive);
    },
    // Debian 13's source package, whatever release this machine runs.
    (archive, cache) => {
      const folder = join(cache, 'apt');
      if (!downloadFromDebian({ folder, kind: 'source', packages: [debian.package] })) return;
      const found = readdirSync(folder).find((name) => name === debian.file);
      if (found !== undefined) copyFileSync(join(folder, found), archive);
    },
    (archive) => void tryProgram('curl', ['-fsSL', '--max-time', '60', '-o', archive, upstream], undefined),
  ];
}
