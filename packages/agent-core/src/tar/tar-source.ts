import { blockBytes, leftOutHeader, maxUnsizedBytes, tarHeader } from '@innkeeper/tar';
import { AccountNames } from '../file/account-names.ts';
import { openOptions } from '../file/open-options.ts';
import type { DirectoryEntry, DirectoryHandle, Host } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { readAttributes } from './attributes.ts';
import { LinkNames } from './link-names.ts';
import { PackedFile } from './packed-file.ts';
import { SkippedList } from './skipped-list.ts';

/** Maximum open directories; deeper entries are skipped and reported. */
const maxDepth = 200;
/** Maximum devices, FIFOs and sockets in the list: /dev alone has a hundred, which would hide other entries. */
const maxSpecials = 10;
const endBytes = 2 * blockBytes;

const kinds: Readonly<Partial<Record<string, string>>> = { character: 'character device', block: 'block device' };

/** Bytes of a name that are not UTF-8, as the host returns them. */
const bytesOfNoText = /(?<![\ud800-\udbff])[\udc80-\udcff]/;
const none: ReadonlyMap<string, Uint8Array> = new Map();

/** What is archived, and how. */
export interface TarSourceOptions {
  /** The directory entry to begin with; "." is the directory itself. */
  readonly entry: string;
  /** Its name in the archive. */
  readonly name: string;
  /** Path of the directory in which `name` is. */
  readonly above: string;
  readonly sparse: boolean;
  readonly attributes: boolean;
  /** Also name in the archive what is left out. */
  readonly nameSkipped: boolean;
}

interface Level {
  readonly folder: DirectoryHandle;
  readonly path: string;
  readonly deviceId: number;
  entries: DirectoryEntry[];
}

/** A tree as the bytes of an archive, generated on demand: only one header is held in memory. */
export class TarSource {
  readonly #skipped = new SkippedList();
  #lastSkipped = '';
  #specials = 0;
  files = 0;
  readonly #host: Host;
  readonly #options: TarSourceOptions;
  readonly #names: AccountNames;
  readonly #links = new LinkNames();
  #isFull = false;
  readonly #levels: Level[] = [];
  #header: Uint8Array = new Uint8Array(0);
  #headerAt = 0;
  /** Comments about what is left out, which come before the next entry. */
  readonly #comments: Uint8Array[] = [];
  #file: PackedFile | undefined;
  #filePath = '';
  #ended = false;

  /** Starts with one entry of a directory, which stays the caller's. */
  constructor(host: Host, folder: DirectoryHandle, options: TarSourceOptions) {
    this.#host = host;
    this.#options = options;
    this.#names = new AccountNames(host);
    this.#begin(folder, options.entry, options.name);
  }

  /** Entries missing from the archive, with the reason; at most 100. The last one can be the number of further ones. */
  get skipped(): string[] {
    const { entries } = this.#skipped;
    const specials = this.#specials - maxSpecials;
    if (specials <= 0) return entries;
    const further = /^(\d+) more entries$/.exec(entries.at(-1) ?? '')?.[1];
    return further === undefined
      ? [...entries, `${specials} more devices, FIFOs and sockets`]
      : [...entries.slice(0, -1), `${Number(further) + specials} more entries`];
  }

  /** Writes the next bytes into `into`; 0 at the end. */
  fill(into: Uint8Array): number {
    let filled = 0;
    while (filled < into.length) {
      const count = this.#fillPart(into.subarray(filled));
      if (count > 0) filled += count;
      else if (!this.#next()) break;
    }
    return filled;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    for (const { folder } of this.#levels.splice(0)) folder.close();
  }

  #fillPart(into: Uint8Array): number {
    if (this.#headerAt < this.#header.length) {
      const piece = this.#header.subarray(this.#headerAt, this.#headerAt + into.length);
      into.set(piece);
      this.#headerAt += piece.length;
      return piece.length;
    }
    const count = this.#file?.fill(into, (why) => this.#skip(`${this.#filePath}: ${why}`)) ?? 0;
    if (count === 0) {
      this.#file?.close();
      this.#file = undefined;
    }
    return count;
  }

  /** Moves to the next entry; false if there is none and the end was returned. */
  #next(): boolean {
    for (;;) {
      const comment = this.#comments.shift();
      if (comment !== undefined) {
        this.#give(comment);
        return true;
      }
      const level = this.#levels.at(-1);
      if (level === undefined) break;
      if (level.entries.length === 0) level.entries = this.#entriesOf(level);
      const entry = level.entries.shift();
      if (entry === undefined) {
        level.folder.close();
        this.#levels.pop();
        continue;
      }
      const path = `${level.path}/${entry.name}`;
      if (bytesOfNoText.test(entry.name)) {
        this.#skip(`${path}: its name is not UTF-8`);
        continue;
      }
      try {
        this.#begin(level.folder, entry.name, path);
      } catch (error) {
        // Removed since it was listed, or not readable: continue with the rest of the tree.
        if (!isHostError(error)) throw error;
        this.#skip(`${path}: could not be read: ${error.errno}`);
        continue;
      }
      if (this.#headerAt < this.#header.length) return true;
    }
    if (this.#ended) return false;
    this.#ended = true;
    this.#give(new Uint8Array(endBytes));
    return true;
  }

  /** What could be listed, for example of a process in /proc that has ended. */
  #entriesOf({ folder, path }: Level): DirectoryEntry[] {
    try {
      return folder.readEntries();
    } catch (error) {
      if (!isHostError(error)) throw error;
      this.#skip(`${path}: could not be listed: ${error.errno}`);
      return [];
    }
  }

  #begin(folder: DirectoryHandle, name: string, path: string): void {
    const stat = folder.stat(name);
    const facts = {
      path,
      stat,
      linkTarget: '',
      sizeBytes: 0,
      user: this.#names.user(stat.uid),
      group: this.#names.group(stat.gid),
    };
    if (stat.type === 'directory') {
      if (this.#levels.length >= maxDepth) {
        this.#skip(`${path}: nested too deeply`);
        return;
      }
      if (this.#isOfKernel(path, stat.deviceId)) {
        this.#skip(`${path}: is a virtual file system of the kernel`);
        return;
      }
      this.#levels.push({ folder: folder.openDirectory(name), path, deviceId: stat.deviceId, entries: [] });
      this.#add(tarHeader({ ...facts, type: 'directory', attributes: this.#folderAttributes(folder, name, path) }));
    } else if (stat.type === 'symlink') {
      this.#add(tarHeader({ ...facts, type: 'symlink', linkTarget: folder.readLink(name) }));
    } else if (stat.type === 'regular') {
      const first = this.#links.firstOf(stat);
      if (first !== undefined) this.#add(tarHeader({ ...facts, type: 'hardlink', linkTarget: first }));
      else this.#beginFile(folder, name, facts);
    } else {
      this.#specials++;
      const what = `${path}: is a ${kinds[stat.type] ?? stat.type}`;
      if (this.#specials <= maxSpecials) this.#skip(what);
      else this.#comment(what);
    }
  }

  #beginFile(folder: DirectoryHandle, name: string, facts: Omit<Parameters<typeof tarHeader>[0], 'type'>): void {
    const { path } = facts;
    const { files } = this.#host;
    const handle = folder.openFile(name, openOptions({ nonBlocking: true }));
    let file: PackedFile | undefined;
    let attributes = none;
    let isLinked: boolean | 'full' = false;
    try {
      file = PackedFile.open(files, handle, this.#options);
      if (file !== undefined) {
        attributes = this.#attributesOf(handle, path);
        // The file that was opened, in case it was replaced meanwhile.
        isLinked = this.#links.add(files.statHandle(handle), path);
      }
    } catch (error) {
      handle.close();
      throw error;
    }
    if (file === undefined) {
      handle.close();
      this.#skip(`${path}: has no true size, and more than ${maxUnsizedBytes} bytes`);
      return;
    }
    if (isLinked === 'full' && !this.#isFull) {
      this.#isFull = true;
      this.#skip(`${path}: too many files have hard links; those of this one and further ones become files`);
    }
    this.#file = file;
    this.#filePath = path;
    const { sizeBytes, map } = file;
    this.#add(tarHeader({ ...facts, type: 'file', sizeBytes, map, attributes, isLinked: isLinked === true }));
  }

  #folderAttributes(folder: DirectoryHandle, name: string, path: string): ReadonlyMap<string, Uint8Array> {
    if (!this.#options.attributes) return none;
    const handle = folder.openFile(name, openOptions({ nonBlocking: true }));
    try {
      return this.#attributesOf(handle, path);
    } finally {
      handle.close();
    }
  }

  #attributesOf(handle: Parameters<typeof readAttributes>[1], path: string): ReadonlyMap<string, Uint8Array> {
    if (!this.#options.attributes) return none;
    return readAttributes(this.#host.files, handle, (why) => this.#skip(`${path}: ${why}`));
  }

  /** /proc and the like, mounted inside the tree: files in it have no size and may have no end. */
  #isOfKernel(path: string, deviceId: number): boolean {
    const above = this.#levels.at(-1);
    return (
      above !== undefined &&
      above.deviceId !== deviceId &&
      this.#host.files.statVfs(`${this.#options.above}/${path}`).totalBytes === 0
    );
  }

  #add(header: Uint8Array): void {
    this.#give(header);
    this.files++;
  }

  #give(header: Uint8Array): void {
    this.#header = header;
    this.#headerAt = 0;
  }

  #skip(what: string): void {
    if (what === this.#lastSkipped) return;
    this.#lastSkipped = what;
    this.#comment(this.#skipped.add(what));
  }

  #comment(what: string): void {
    if (this.#options.nameSkipped) this.#comments.push(leftOutHeader(what));
  }
}
