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
import { endsCopy, type TarItem, TarParser, type TarSink, TreeGuard } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { HeldFolder } from './held-folder.ts';
import { newPartName, removeDeadParts } from './part-files.ts';

export interface UnpackOptions {
  /** The local folder to unpack in; it must exist. Links in its path are followed. */
  readonly folder: string;
  /** Names that the first part of the archive's paths may have; others are refused. */
  readonly sent: readonly string[];
  /** Its local name, which replaces that part. */
  readonly name: string;
  /** Whether to keep numeric owners and set-user-id bits. Otherwise everything belongs to the user of this process. */
  readonly keepOwners: boolean;
  /** Called for each entry that could not be created, with the reason; what is in such a folder is not named again. */
  readonly onSkip: (what: string) => void;
}

/**
 * Unpacks an archive from a guest, which may be hostile: everything is written below one name in the folder, and no link
 * is followed, whether it is from the archive, existed before or is created meanwhile. A file appears complete or not at
 * all.
 */
export class TreeTarget {
  readonly #parser: TarParser;
  readonly #sink: TreeSink;

  constructor({ folder, sent, name, keepOwners, onSkip }: UnpackOptions) {
    removeDeadParts(folder);
    this.#sink = new TreeSink(HeldFolder.open(folder), keepOwners, onSkip);
    this.#parser = new TarParser(new TreeGuard(this.#sink, { sent, as: name }));
  }

  /** A summary of what has been unpacked, for messages; undefined for nothing. */
  get received(): string | undefined {
    return this.#sink.received;
  }

  /** @throws MalformedTarError, UnsafeTarError, and the first entry's error or one that all others would have too */
  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** Ends the archive. @throws MalformedTarError if it is incomplete */
  end(): void {
    this.#parser.end();
    this.#sink.closeFolders(0);
  }

  /** Removes a partial file and closes all folders. */
  close(): void {
    this.#sink.close();
  }
}

/** A file that is being written, under a temporary name. */
interface PartialFile {
  readonly fd: number;
  readonly folder: HeldFolder;
  readonly name: string;
  readonly partName: string;
  readonly item: TarItem;
  /** Number of parts of its path. */
  readonly depth: number;
}

class TreeSink implements TarSink {
  readonly #root: HeldFolder;
  readonly #keepOwners: boolean;
  /** The current folder after its parents. Modes are set when a folder is complete, since they may forbid writing. */
  readonly #open: { readonly folder: HeldFolder; readonly item: TarItem }[] = [];
  readonly #onSkip: (what: string) => void;
  #file: PartialFile | undefined;
  /** Depth of a folder that could not be created: what is in it is left out too. */
  #lostDepth = Number.POSITIVE_INFINITY;
  #top = '';
  #count = 0;

  constructor(root: HeldFolder, keepOwners: boolean, onSkip: (what: string) => void) {
    this.#root = root;
    this.#keepOwners = keepOwners;
    this.#onSkip = onSkip;
  }

  get received(): string | undefined {
    if (this.#count === 0) return undefined;
    return `${this.#count === 1 ? '1 file or folder' : `${this.#count} files and folders`} in ${this.#top}`;
  }

  /** TreeGuard ensures that the folders of the path are open, so that only deeper ones have to be closed. */
  begin(item: TarItem): void {
    const parts = item.path.split('/');
    const depth = parts.length;
    if (depth > this.#lostDepth) return;
    this.#lostDepth = Number.POSITIVE_INFINITY;
    const name = parts.at(-1) ?? '';
    this.closeFolders(depth - 1);
    const folder = this.#open.at(-1)?.folder ?? this.#root;
    const path = join(folder.path, name);
    if (this.#count === 0) this.#top = path;
    const isMade = this.#tryTo(path, depth, () => {
      if (item.typeFlag === '5') this.#enterFolder(folder, name, item);
      else if (item.typeFlag === '2') this.#makeLink(folder, name, item);
      else this.#openFile(folder, name, item);
    });
    if (!isMade && item.typeFlag === '5') this.#lostDepth = depth;
  }

  write(bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#tryTo(join(file.folder.path, file.name), file.depth, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
    });
  }

  finish(): void {
    const file = this.#file;
    if (file !== undefined) this.#tryTo(join(file.folder.path, file.name), file.depth, () => this.#place(file));
  }

  /** Reports an entry that the file system refuses, and removes its partial file. The whole copy fails with its top. */
  #tryTo(path: string, depth: number, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (depth === 1 || endsCopy(errnoOf(error))) throw error;
      this.#abandon();
      this.#onSkip(error instanceof CliError ? error.message : `${path}: could not be created: ${errnoOf(error)}`);
      return false;
    }
  }

  #place({ fd, folder, name, partName, item }: PartialFile): void {
    if (this.#keepOwners) fchownSync(fd, item.uid, item.gid);
    fchmodSync(fd, this.#modeOf(item));
    const seconds = Number(item.modifiedNs) / 1e9;
    futimesSync(fd, seconds, seconds);
    if (isFolder(folder.at(name))) throw wrongType(join(folder.path, name));
    renameSync(folder.at(partName), folder.at(name));
    this.#file = undefined;
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
      } catch (error) {
        this.#onSkip(`${last.folder.path}: its mode or owner could not be set: ${errnoOf(error)}`);
      } finally {
        last.folder.close();
      }
    }
  }

  #abandon(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    closeSync(file.fd);
    rmSync(file.folder.at(file.partName), { force: true });
  }

  close(): void {
    try {
      this.#abandon();
    } finally {
      for (const { folder } of this.#open.splice(0)) folder.close();
      this.#root.close();
    }
  }

  #enterFolder(parent: HeldFolder, name: string, item: TarItem): void {
    let isNew = false;
    try {
      mkdirSync(parent.at(name), 0o700);
      isNew = true;
      this.#count++;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    try {
      const folder = parent.openFolder(name);
      this.#open.push({ folder, item });
      if (!isNew) removeDeadParts(folder.at('.'));
    } catch (error) {
      if (['ELOOP', 'ENOTDIR'].includes(errnoOf(error))) throw wrongType(join(parent.path, name));
      throw error;
    }
  }

  #makeLink(folder: HeldFolder, name: string, item: TarItem): void {
    const path = folder.at(name);
    if (isFolder(path)) throw wrongType(join(folder.path, name));
    const part = folder.at(newPartName());
    symlinkSync(item.linkTarget, part);
    try {
      if (this.#keepOwners) lchownSync(part, item.uid, item.gid);
      renameSync(part, path);
    } catch (error) {
      unlinkSync(part);
      throw error;
    }
    this.#count++;
  }

  #openFile(folder: HeldFolder, name: string, item: TarItem): void {
    const partName = newPartName();
    const fd = openSync(folder.at(partName), 'wx', 0o600);
    this.#file = { fd, folder, name, partName, item, depth: this.#open.length + 1 };
  }

  #modeOf({ mode }: TarItem): number {
    return this.#keepOwners ? mode : mode & 0o777;
  }
}

/** Whether the path itself is a folder, not a link to one. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function wrongType(path: string): CliError {
  return new CliError(
    `${path} exists already with another type. It is neither followed nor replaced: remove it first.`,
    { exitCode: exitCodes.conflict },
  );
}
