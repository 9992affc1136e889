import {
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { endsCopy, type TarItem, TarParser, type TarSink, TreeGuard } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { secondsOf } from './file-times.ts';
import { HeldFolder } from './held-folder.ts';
import { newPartName, removeDeadParts } from './part-files.ts';
import { entryAt, inside, placeFor, wrongType } from './place.ts';
import { TreeFile } from './tree-file.ts';

export interface UnpackOptions {
  /** The local folder to unpack in; it must exist. Links in its path are followed. */
  readonly folder: string;
  /** Names that the first part of the archive's paths may have; others are refused. */
  readonly sent: readonly string[];
  /** Its local name, which replaces that part. */
  readonly name: string;
  /** Whether to keep numeric owners and set-user-id bits. Otherwise everything belongs to the user of this process. */
  readonly keepOwners: boolean;
  /** Write through links that lead out of the tree, and into devices and FIFOs in it. Default: they are left alone. */
  readonly writeThrough?: boolean | undefined;
  /** Identities of folders that an interrupted copy has created and not completed. */
  readonly unfinished?: Set<string> | undefined;
  /** Called for each entry that could not be created, with the reason; what is in such a folder is not named again. */
  readonly onSkip: (what: string) => void;
}

/**
 * Unpacks an archive from a guest, which may be hostile: everything is written below one name in the folder, and no link
 * leads out of it, whether it is from the archive, existed before or is created meanwhile. A file appears complete or not
 * at all, unless it has several names or cannot be replaced: it is then written in place.
 */
export class TreeTarget {
  readonly #parser: TarParser;
  readonly #sink: TreeSink;

  constructor(options: UnpackOptions) {
    const { folder, sent, name, keepOwners } = options;
    removeDeadParts(folder);
    this.#sink = new TreeSink(HeldFolder.open(folder), options);
    this.#parser = new TarParser(
      new TreeGuard(this.#sink, { sent, as: name }, { sparse: true, attributes: keepOwners }),
    );
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
  }

  /** Removes a partial file and closes all folders. */
  close(): void {
    this.#sink.close();
  }
}

/** Attributes that could not be set are named once. */
const maxNamedAttributes = 32;

interface OpenFolder {
  readonly folder: HeldFolder;
  readonly item: TarItem;
  readonly isNew: boolean;
}

class TreeSink implements TarSink {
  readonly #root: HeldFolder;
  readonly #options: UnpackOptions;
  /** The current folder after its parents. Modes are set when a folder is complete, since they may forbid writing. */
  readonly #open: OpenFolder[] = [];
  /** Identities of the files to which hard links follow, by their path in the archive. */
  readonly #linked = new Map<string, string>();
  /** Identities of files with several names that this copy has written in place. */
  readonly #written = new Set<string>();
  readonly #refused = new Set<string>();
  #file: TreeFile | undefined;
  /** Depth of a folder that could not be created: what is in it is left out too. */
  #lostDepth = Number.POSITIVE_INFINITY;
  #top = '';
  #count = 0;

  constructor(root: HeldFolder, options: UnpackOptions) {
    this.#root = root;
    this.#options = options;
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
    const isMade = this.#tryTo(path, () => {
      if (item.typeFlag === '5') this.#enterFolder(folder, name, item);
      else if (item.typeFlag === '2') this.#makeLink(folder, name, item);
      else if (item.typeFlag === '1') this.#makeHardLink(folder, name, item);
      else this.#openFile(folder, name, item);
    });
    if (!isMade && item.typeFlag === '5') this.#lostDepth = depth;
  }

  write(bytes: Uint8Array, offset: number): void {
    const file = this.#file;
    if (file !== undefined) this.#tryTo(file.path, () => file.write(bytes, offset));
  }

  finish(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { path, identity, item, place } = file;
    this.#tryTo(path, () => {
      file.finish(this.#options.keepOwners, this.#attributeReport(path));
      this.#file = undefined;
      if (file.isInPlace) this.#written.add(identity);
      if (item.isLinked && !place.isOwned) this.#linked.set(item.path, identity);
      this.#count++;
    });
  }

  leaveOut(what: string): void {
    this.#options.onSkip(what);
  }

  end(): void {
    this.closeFolders(0);
  }

  /** Reports an entry that the file system refuses, and removes its partial file. The whole copy fails with its top. */
  #tryTo(path: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (this.#open.length === 0 || endsCopy(errnoOf(error))) throw error;
      this.#abandon();
      this.#options.onSkip(
        error instanceof CliError ? error.message : `${path}: could not be created: ${errnoOf(error)}`,
      );
      return false;
    }
  }

  closeFolders(depth: number): void {
    const { keepOwners, onSkip } = this.#options;
    while (this.#open.length > depth) {
      const last = this.#open.pop();
      if (last === undefined) return;
      const { folder, item, isNew } = last;
      try {
        if (keepOwners) folder.setOwner(item.uid, item.gid);
        if (keepOwners || isNew) folder.setMode(keepOwners ? item.mode : item.mode & 0o1777);
        if (keepOwners) folder.setAttributes(item.attributes, this.#attributeReport(folder.path));
        folder.setModified(item.modifiedNs);
      } catch (error) {
        // The time of a folder that was there before, and is another user's.
        if (isNew || keepOwners) onSkip(`${folder.path}: its mode, owner or time could not be set: ${errnoOf(error)}`);
      } finally {
        folder.close();
      }
    }
  }

  #attributeReport(path: string): (why: string) => void {
    return (why) => {
      if (this.#refused.has(why) || this.#refused.size >= maxNamedAttributes) return;
      this.#refused.add(why);
      this.#options.onSkip(`${path}: ${why} (named once)`);
    };
  }

  #abandon(): void {
    const file = this.#file;
    this.#file = undefined;
    file?.abandon();
  }

  close(): void {
    try {
      this.#abandon();
    } finally {
      for (const { folder, isNew } of this.#open.splice(0)) {
        if (isNew) this.#options.unfinished?.add(folder.identity);
        folder.close();
      }
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
      // Its mode was not set yet.
      const isUnfinished = !isNew && this.#options.unfinished?.has(folder.identity) === true;
      this.#open.push({ folder, item, isNew: isNew || isUnfinished });
      if (!isNew) removeDeadParts(folder.at('.'));
    } catch (error) {
      if (!['ELOOP', 'ENOTDIR'].includes(errnoOf(error))) throw error;
      const path = parent.at(name);
      if (!this.#options.writeThrough || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw wrongType(join(parent.path, name));
      this.#open.push({ folder: HeldFolder.open(realpathSync(path)), item, isNew });
    }
  }

  #makeLink(folder: HeldFolder, name: string, item: TarItem): void {
    const existing = entryAt(folder, name);
    if (existing !== undefined && !existing.isFile() && !existing.isSymbolicLink())
      throw wrongType(join(folder.path, name));
    this.#placeLink(folder, name, (part) => {
      symlinkSync(item.linkTarget, part);
      if (this.#options.keepOwners) lchownSync(part, item.uid, item.gid);
      const seconds = secondsOf(item.modifiedNs);
      lutimesSync(part, seconds, seconds);
    });
  }

  /** A hard link to a file that this copy has written: no other file gets a second name. */
  #makeHardLink(folder: HeldFolder, name: string, { linkTarget }: TarItem): void {
    const path = join(folder.path, name);
    const identity = this.#linked.get(linkTarget);
    const top = this.#open[0]?.folder;
    if (identity === undefined || top === undefined)
      throw new CliError(`${path} is a hard link to a file that was left out or exists already as a link.`);
    const existing = entryAt(folder, name);
    if (existing !== undefined && !existing.isFile()) throw wrongType(path);
    const place = linkTarget.slice(linkTarget.indexOf('/') + 1);
    const from = inside(top, place);
    try {
      this.#placeLink(folder, name, (part) => {
        linkSync(from.at(basename(place)), part);
        const { dev, ino } = lstatSync(part, { bigint: true });
        if (`${dev}:${ino}` !== identity) throw new CliError(`${path}: its file was replaced meanwhile.`);
      });
    } finally {
      from.close();
    }
  }

  /** Makes a link under a temporary name, and replaces what has its name. */
  #placeLink(folder: HeldFolder, name: string, make: (part: string) => void): void {
    const part = folder.at(newPartName());
    try {
      make(part);
      renameSync(part, folder.at(name));
    } finally {
      // rename(2) between two names of one file does nothing.
      rmSync(part, { force: true });
    }
    this.#count++;
  }

  #openFile(folder: HeldFolder, name: string, item: TarItem): void {
    // The name of the whole copy is the user's, not the guest's.
    const writeThrough = this.#options.writeThrough === true || this.#open.length === 0;
    const place = placeFor(folder, name, { top: this.#open[0]?.folder, writeThrough });
    const { existing } = place;
    // The content of another file in the archive, which has the other name, would be overwritten.
    const cutsLinks = existing !== undefined && this.#written.has(`${existing.dev}:${existing.ino}`);
    try {
      this.#file = TreeFile.open(place, item, { cutsLinks });
    } catch (error) {
      if (place.isOwned) place.folder.close();
      throw error;
    }
  }
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
