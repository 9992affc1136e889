import { type BigIntStats, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { HeldFolder } from './held-folder.ts';

/** Where a file of a tree is written. */
export interface Place {
  readonly folder: HeldFolder;
  readonly name: string;
  /** What is there: a file, or with `writeThrough` anything but a folder. */
  readonly existing: BigIntStats | undefined;
  /** The folder is closed after use. */
  readonly isOwned: boolean;
}

/**
 * Finds the place for a file. A link that leads to a place in the tree is followed, since the guest could write there
 * anyway. Other links are not, nor are devices and FIFOs written to: the guest chooses the name, and the link can be one
 * that an earlier copy has brought. With `writeThrough`, all are.
 * @throws CliError
 */
export function placeFor(
  folder: HeldFolder,
  name: string,
  { top, writeThrough }: { readonly top: HeldFolder | undefined; readonly writeThrough: boolean },
): Place {
  const path = join(folder.path, name);
  const existing = entryAt(folder, name);
  if (existing?.isDirectory() === true) throw wrongType(path);
  if (existing?.isSymbolicLink() === true) {
    const place = followed(folder, name, top, writeThrough);
    if (place === undefined)
      throw leftAlone(path, 'is a link that leads out of the folder or nowhere: it is neither followed nor replaced');
    return place;
  }
  if (existing !== undefined && !existing.isFile() && !writeThrough)
    throw leftAlone(path, 'is a device, FIFO or socket: it is neither written to nor replaced');
  return { folder, name, existing, isOwned: false };
}

/** An entry itself, not what a link points to. */
export function entryAt(folder: HeldFolder, name: string): BigIntStats | undefined {
  return lstatSync(folder.at(name), { bigint: true, throwIfNoEntry: false });
}

function followed(
  folder: HeldFolder,
  name: string,
  top: HeldFolder | undefined,
  writeThrough: boolean,
): Place | undefined {
  const real = realPathOf(folder, name);
  if (real === undefined) return undefined;
  const above = top === undefined ? undefined : `${realpathSync(top.at('.'))}${sep}`;
  const isInside = above !== undefined && real.startsWith(above);
  if (!isInside && !writeThrough) return undefined;
  const target = isInside && top !== undefined ? inside(top, real.slice(above.length)) : HeldFolder.open(dirname(real));
  const existing = entryAt(target, basename(real));
  // It was a file or device a moment ago.
  const isUsable = existing?.isFile() === true || (writeThrough && existing?.isDirectory() === false);
  if (isUsable && existing?.isSymbolicLink() === false)
    return { folder: target, name: basename(real), existing, isOwned: true };
  target.close();
  if (existing?.isDirectory() === true) throw wrongType(join(folder.path, name));
  return undefined;
}

/** The folder of a path in a folder, opened part by part without following links. The caller closes it. */
export function inside(top: HeldFolder, path: string): HeldFolder {
  let folder = top.openFolder('.');
  for (const part of path.split(sep).slice(0, -1)) {
    const next = folder.openFolder(part);
    folder.close();
    folder = next;
  }
  return folder;
}

function realPathOf(folder: HeldFolder, name: string): string | undefined {
  try {
    return realpathSync(folder.at(name));
  } catch {
    // ENOENT: it leads nowhere. ELOOP: to itself.
    return undefined;
  }
}

export function wrongType(path: string): CliError {
  return new CliError(
    `${path} exists already with another type. It is neither followed nor replaced: remove it first.`,
    { exitCode: exitCodes.conflict },
  );
}

function leftAlone(path: string, why: string): CliError {
  return new CliError(`${path} ${why}. Remove it first, or say --write-through if you trust the guest.`, {
    exitCode: exitCodes.conflict,
  });
}
