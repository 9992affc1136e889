import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TarItem, TarParser, type TarSink, TreeGuard } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { HeldFolder } from './held-folder.ts';

export interface UnpackOptions {
  /** The folder here that it goes into; it must exist. Links on the way to it are followed, as for every path. */
  readonly folder: string;
  /** What the archive's first part is called by the sender; anything else is refused. */
  readonly sent: readonly string[];
  /** What it is called here. Chosen by whoever runs this, never by the archive. */
  readonly name: string;
  /** Owners as in the archive, by number, and set-user-id bits. Default: all belongs to whoever runs this. */
  readonly keepOwners: boolean;
}

/**
 * Unpacks what a guest sent, which may be hostile: all of it is below one name in the folder, and no link is ever followed
 * on the way, whether it came with the archive, was there before, or is put there meanwhile. Each file appears whole or
 * not at all.
 */
export class TreeTarget {
  readonly #parser: TarParser;
  readonly #sink: TreeSink;

  constructor({ folder, sent, name, keepOwners }: UnpackOptions) {
    this.#sink = new TreeSink(HeldFolder.open(folder), keepOwners);
    this.#parser = new TarParser(new TreeGuard(this.#sink, { sent, as: name }));
  }

  /** What is there by now, for people; undefined when nothing is. */
  get arrived(): string | undefined {
    return this.#sink.arrived;
  }

  /** @throws CliError, MalformedTarError, UnsafeTarError, and the file system's errors */
  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** No more comes. @throws MalformedTarError when its end did not come */
  end(): void {
    this.#parser.end();
    this.#sink.closeFolders(0);
  }

  /** Removes what is half there, and lets go. */
  close(): void {
    this.#sink.close();
  }
}

interface Landing {
  readonly fd: number;
  readonly folder: HeldFolder;
  readonly name: string;
  readonly part: string;
  readonly item: TarItem;
}

class TreeSink implements TarSink {
  readonly #root: HeldFolder;
  readonly #keepOwners: boolean;
  /** Folders that are being filled, each in the one before. Their modes are set at their end: they may forbid writing. */
  readonly #open: { readonly folder: HeldFolder; readonly item: TarItem }[] = [];
  #landing: Landing | undefined;
  #top = '';
  #count = 0;

  constructor(root: HeldFolder, keepOwners: boolean) {
    this.#root = root;
    this.#keepOwners = keepOwners;
  }

  get arrived(): string | undefined {
    if (this.#count === 0) return undefined;
    return `${this.#count === 1 ? '1 file or folder' : `${this.#count} files and folders`} of it in ${this.#top}`;
  }

  /** The guard has seen to it that the folders of the path are the open ones, or the first of them. */
  begin(item: TarItem): void {
    const parts = item.path.split('/');
    const name = parts.at(-1) ?? '';
    this.closeFolders(parts.length - 1);
    const folder = this.#open.at(-1)?.folder ?? this.#root;
    if (this.#count === 0) this.#top = join(folder.path, name);
    if (item.typeFlag === '5') this.#enter(folder, name, item);
    else if (item.typeFlag === '2') this.#makeLink(folder, name, item);
    else this.#openFile(folder, name, item);
  }

  write(bytes: Uint8Array): void {
    if (this.#landing === undefined) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#landing.fd, bytes, at);
  }

  finish(): void {
    const landing = this.#landing;
    if (landing === undefined) return;
    const { fd, folder, name, part, item } = landing;
    if (this.#keepOwners) fchownSync(fd, item.uid, item.gid);
    fchmodSync(fd, this.#modeOf(item));
    const seconds = Number(item.modifiedNs) / 1e9;
    futimesSync(fd, seconds, seconds);
    if (isFolder(folder.at(name))) throw inTheWay(join(folder.path, name));
    renameSync(folder.at(part), folder.at(name));
    this.#landing = undefined;
    closeSync(fd);
    this.#count++;
  }

  closeFolders(depth: number): void {
    while (this.#open.length > depth) {
      const last = this.#open.pop();
      if (last === undefined) return;
      try {
        if (this.#keepOwners) last.folder.setOwner(last.item.uid, last.item.gid);
        last.folder.setMode(this.#modeOf(last.item));
      } finally {
        last.folder.close();
      }
    }
  }

  close(): void {
    const landing = this.#landing;
    this.#landing = undefined;
    try {
      if (landing !== undefined) {
        closeSync(landing.fd);
        rmSync(landing.folder.at(landing.part), { force: true });
      }
    } finally {
      for (const { folder } of this.#open.splice(0)) folder.close();
      this.#root.close();
    }
  }

  #enter(parent: HeldFolder, name: string, item: TarItem): void {
    try {
      mkdirSync(parent.at(name), 0o700);
      this.#count++;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    try {
      this.#open.push({ folder: parent.openFolder(name), item });
    } catch (error) {
      if (['ELOOP', 'ENOTDIR'].includes(errnoOf(error))) throw inTheWay(join(parent.path, name));
      throw error;
    }
  }

  #makeLink(folder: HeldFolder, name: string, item: TarItem): void {
    const place = folder.at(name);
    if (isFolder(place)) throw inTheWay(join(folder.path, name));
    const part = folder.at(partName());
    symlinkSync(item.linkTarget, part);
    try {
      if (this.#keepOwners) lchownSync(part, item.uid, item.gid);
      renameSync(part, place);
    } catch (error) {
      unlinkSync(part);
      throw error;
    }
    this.#count++;
  }

  #openFile(folder: HeldFolder, name: string, item: TarItem): void {
    const part = partName();
    this.#landing = { fd: openSync(folder.at(part), 'wx', 0o600), folder, name, part, item };
  }

  #modeOf({ mode }: TarItem): number {
    return this.#keepOwners ? mode : mode & 0o777;
  }
}

/** Cannot be guessed: nobody puts a link there before. */
function partName(): string {
  return `.inn-${randomBytes(8).toString('hex')}.part`;
}

/** Of the path itself, not of what it points to. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function inTheWay(path: string): CliError {
  return new CliError(`${path} is in the way, and is not followed or replaced.`, { exitCode: exitCodes.conflict });
}
