import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Executable files. */
const executable = /^usr\/bin\/|^etc\/init\.d\/|^usr\/lib\/innkeeper\/(bin|dist\/agent)\//;
/** Files that only root may read, since a database's password may be in them. */
const secret = 'etc/innkeeper/innkeeper.conf';

/** The mode of a file in a package by its path. */
export function modeOf(path: string): number {
  return executable.test(path) ? 0o755 : path === secret ? 0o640 : 0o644;
}

/** Sets reproducible modes and times of all files and folders. Returns the size in bytes. */
export function normalize(tree: string, timeSeconds: number, path = ''): number {
  const full = join(tree, path);
  const stat = statSync(full);
  let bytes = stat.size;
  if (stat.isDirectory())
    bytes = readdirSync(full).reduce((sum, name) => sum + normalize(tree, timeSeconds, join(path, name)), 0);
  chmodSync(full, stat.isDirectory() ? 0o755 : modeOf(path));
  lutimesSync(full, timeSeconds, timeSeconds);
  return bytes;
}
