import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import type { DataFolder } from './data-folder.ts';

/** A path as the database and manifests keep it: relative to the data folder, which may be moved. */
export function storedPath({ path: root }: Pick<DataFolder, 'path'>, path: string): string {
  return isInside(root, path) ? relative(root, path) : path;
}

/**
 * The absolute path of a stored one. Earlier versions stored absolute paths: one from where the folder was before it was
 * moved leads to the same file in this folder.
 */
export function fullPath({ path: root }: Pick<DataFolder, 'path'>, stored: string): string {
  if (!isAbsolute(stored) || isInside(root, stored)) return resolve(root, stored);
  const here = [...stored.matchAll(/\/(?=(?:images|cache)\/)/g)].map(({ index }) => join(root, stored.slice(index)));
  return [...here, stored].find((path) => existsSync(path)) ?? here.at(-1) ?? stored;
}

/** Whether a path lies below a folder, by its name alone. */
export function isInside(directory: string, path: string): boolean {
  const inside = relative(directory, path);
  return inside !== '' && inside !== '..' && !inside.startsWith('../') && !isAbsolute(inside);
}
