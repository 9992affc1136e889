import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TarItem, TarParser, type TarSink } from '@innkeeper/kit';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

export interface UnpackOptions {
  /** The folder here that it goes into; it must exist. */
  readonly folder: string;
  /** What the archive's first part is called here. Default: its own name. */
  readonly name?: string | undefined;
  /** Owners as in the archive, by number, and set-user-id bits. Default: all belongs to whoever runs this. */
  readonly keepOwners: boolean;
  readonly onSkip: (what: string) => void;
}

/**
 * Unpacks what a guest sent, which may be hostile: nothing is written outside of the folder, and no link is ever followed
 * on the way, whatever names and links it has. Each file appears whole or not at all.
 */
export class TreeTarget implements TarSink {
  readonly #options: UnpackOptions;
  readonly #parser = new TarParser(this);
  #file: { readonly fd: number; readonly path: string; readonly half: string; readonly item: TarItem } | undefined;
  /** Modes of folders are set at the end: one that may not be written to has to be filled first. */
  readonly #folders = new Map<string, TarItem>();

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  /** @throws CliError, MalformedTarError, and the file system's errors */
  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** No more comes. @throws MalformedTarError when its end did not come */
  end(): void {
    this.#parser.end();
    for (const [path, item] of [...this.#folders].reverse()) {
      if (this.#options.keepOwners) chownSync(path, item.uid, item.gid);
      chmodSync(path, this.#modeOf(item));
    }
  }

  /** Removes what is half there. */
  abandon(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file.fd);
    rmSync(this.#file.half, { force: true });
    this.#file = undefined;
  }

  begin(item: TarItem): void {
    const path = this.#placeOf(item.path);
    if (path === undefined) return;
    if (item.typeFlag === '5') this.#makeFolder(path, item);
    else if (item.typeFlag === '2') this.#makeLink(path, item);
    else if (item.typeFlag === '1') this.#makeHardLink(path, item);
    else if (item.typeFlag === '0' || item.typeFlag === '7') this.#open(path, item);
    else this.#options.onSkip(`${item.path}: is no file, folder or link`);
  }

  write(bytes: Uint8Array): void {
    if (this.#file === undefined) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file.fd, bytes, at);
  }

  finish(): void {
    if (this.#file === undefined) return;
    const { fd, path, half, item } = this.#file;
    if (this.#options.keepOwners) fchownSync(fd, item.uid, item.gid);
    fchmodSync(fd, this.#modeOf(item));
    const seconds = Number(item.modifiedNs) / 1e9;
    futimesSync(fd, seconds, seconds);
    closeSync(fd);
    this.#file = undefined;
    try {
      renameSync(half, path);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  }

  #open(path: string, item: TarItem): void {
    const half = `${path.slice(0, path.lastIndexOf('/'))}/.inn-${process.pid}.part`;
    rmSync(half, { force: true });
    this.#file = { fd: openSync(half, 'wx', 0o600), path, half, item };
  }

  #makeFolder(path: string, item: TarItem): void {
    const there = statOf(path);
    if (there === undefined) mkdirSync(path, 0o700);
    else if (!there.isDirectory()) throw inTheWay(path);
    this.#folders.set(path, item);
  }

  #makeLink(path: string, item: TarItem): void {
    this.#clear(path);
    symlinkSync(item.linkTarget, path);
    if (this.#options.keepOwners) lchownSync(path, item.uid, item.gid);
  }

  #makeHardLink(path: string, item: TarItem): void {
    const source = this.#placeOf(item.linkTarget);
    if (source === undefined || statOf(source)?.isFile() !== true)
      throw new CliError(`The archive has a hard link to ${item.linkTarget}, which is no file of it.`, {
        exitCode: exitCodes.general,
      });
    if (source === path) return;
    this.#clear(path);
    linkSync(source, path);
  }

  #clear(path: string): void {
    if (statOf(path)?.isDirectory() === true) throw inTheWay(path);
    rmSync(path, { force: true });
  }

  #modeOf({ mode }: TarItem): number {
    return this.#options.keepOwners ? mode : mode & 0o777;
  }

  /** Where a name of the archive is here; the folders on the way are made. Undefined for the folder itself. */
  #placeOf(name: string): string | undefined {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..') || name.includes('\0'))
      throw new CliError(`The archive has the name "${name}", which leads out of it.`, { exitCode: exitCodes.general });
    if (this.#options.name !== undefined && parts.length > 0) parts[0] = this.#options.name;
    const last = parts.pop();
    if (last === undefined) return undefined;
    let folder = this.#options.folder;
    for (const part of parts) {
      folder = join(folder, part);
      const there = statOf(folder);
      if (there === undefined) mkdirSync(folder);
      else if (!there.isDirectory()) throw inTheWay(folder);
    }
    return join(folder, last);
  }
}

/** Of the path itself, not of what it points to. */
function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function inTheWay(path: string): CliError {
  return new CliError(`${path} is in the way, and is not followed or replaced.`, { exitCode: exitCodes.conflict });
}
