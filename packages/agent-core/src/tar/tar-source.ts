import { maxSkippedEntries, maxSkippedEntryChars } from '@innkeeper/contract/limits';
import { blockBytes, maxCredibleBytes, maxUnsizedBytes, paddedBytes, tarHeader } from '@innkeeper/tar';
import { AccountNames } from '../file/account-names.ts';
import { openOptions } from '../file/open-options.ts';
import type { DirectoryEntry, DirectoryHandle, FileHandle, FileStat, Host } from '../host.ts';
import { HostError, isHostError } from '../host-error.ts';

/** Maximum open directories; deeper entries are skipped and reported. */
const maxDepth = 200;
/** One less than the maximum: the last line is the number of further ones. */
const maxSkipped = maxSkippedEntries - 1;
/** Maximum devices, FIFOs and sockets reported by name: /dev alone has a hundred, which would hide other entries. */
const maxSpecials = 10;
const endBytes = 2 * blockBytes;

const kinds: Readonly<Partial<Record<string, string>>> = { character: 'character device', block: 'block device' };

/** Bytes of a name that are not UTF-8, as the host returns them. */
const bytesOfNoText = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

const firstReadBytes = 64 * 1024;
/** Some files of the kernel are only read in whole words or pages. */
const pageBytes = 4096;

/** The file whose content comes next. */
interface PackedFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly path: string;
  /** Its whole content, if it was read before its header. */
  readonly content: Uint8Array | undefined;
}

interface Level {
  readonly folder: DirectoryHandle;
  readonly path: string;
  readonly deviceId: number;
  entries: DirectoryEntry[];
}

/** A tree as the bytes of an archive, generated on demand: only one header is held in memory. */
export class TarSource {
  readonly #skipped: string[] = [];
  /** Entries left out beyond the list. */
  #unlisted = 0;
  #lastSkipped = '';
  #specials = 0;
  files = 0;
  readonly #host: Host;
  readonly #names: AccountNames;
  readonly #levels: Level[] = [];
  readonly #above: string;
  #header: Uint8Array = new Uint8Array(0);
  #headerAt = 0;
  #file: PackedFile | undefined;
  #fileAt = 0;
  #ended = false;

  /** Starts with one entry of a directory, which stays the caller's; `above` is that directory's path. */
  constructor(host: Host, folder: DirectoryHandle, name: string, above: string) {
    this.#host = host;
    this.#above = above;
    this.#names = new AccountNames(host);
    this.#begin(folder, name, name);
  }

  /** Entries missing from the archive, with the reason; at most 100. The last one can be the number of further ones. */
  get skipped(): string[] {
    const specials = Math.max(0, this.#specials - maxSpecials);
    if (this.#unlisted > 0) return [...this.#skipped, `${this.#unlisted + specials} more entries`];
    return specials > 0 ? [...this.#skipped, `${specials} more devices, FIFOs and sockets`] : this.#skipped;
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
    this.#file?.handle.close();
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
    return this.#file === undefined ? 0 : this.#fillFromFile(this.#file, into);
  }

  /** The content, padded with zeros to whole blocks, also where a file was truncated meanwhile. */
  #fillFromFile(file: PackedFile, into: Uint8Array): number {
    const left = paddedBytes(file.sizeBytes) - this.#fileAt;
    if (left === 0) {
      file.handle.close();
      this.#file = undefined;
      return 0;
    }
    const piece = into.subarray(0, left);
    const content = piece.subarray(0, Math.max(0, file.sizeBytes - this.#fileAt));
    const got = content.length === 0 ? 0 : this.#read(file, content);
    piece.fill(0, got);
    this.#fileAt += piece.length;
    return piece.length;
  }

  /** Unreadable content becomes zeros, since the size is already in the archive; it is listed as skipped. */
  #read(file: PackedFile, into: Uint8Array): number {
    if (file.content !== undefined) {
      into.set(file.content.subarray(this.#fileAt, this.#fileAt + into.length));
      return into.length;
    }
    try {
      let filled = 0;
      while (filled < into.length) {
        const got = this.#readAt(file.handle, into.subarray(filled), this.#fileAt + filled);
        if (got === 0) {
          this.#skip(`${file.path}: was truncated while it was read`);
          break;
        }
        filled += got;
      }
      return filled;
    } catch (error) {
      if (!isHostError(error)) throw error;
      this.#skip(`${file.path}: could not be read: ${error.errno}`);
      return 0;
    }
  }

  /** Moves to the next entry; false if there is none and the end was returned. */
  #next(): boolean {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
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
    const facts = { path, stat, linkTarget: '', sizeBytes: 0, ...this.#owner(stat) };
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
      this.#give(tarHeader({ ...facts, type: 'directory' }));
    } else if (stat.type === 'symlink') {
      this.#give(tarHeader({ ...facts, type: 'symlink', linkTarget: folder.readLink(name) }));
    } else if (stat.type === 'regular') {
      const file = this.#open(folder.openFile(name, openOptions({ nonBlocking: true })), path);
      if (file === undefined) return;
      this.#file = file;
      this.#fileAt = 0;
      this.#give(tarHeader({ ...facts, type: 'file', sizeBytes: file.sizeBytes }));
    } else {
      this.#specials++;
      if (this.#specials <= maxSpecials) this.#skip(`${path}: is a ${kinds[stat.type] ?? stat.type}`);
    }
  }

  /** undefined for a file without an end. Closes the handle then, and on an error. @throws HostError */
  #open(handle: FileHandle, path: string): PackedFile | undefined {
    try {
      const stat = this.#host.files.statHandle(handle);
      const content = this.#contentOf(handle, stat);
      if (content !== 'endless') return { handle, sizeBytes: content?.length ?? stat.sizeBytes, path, content };
    } catch (error) {
      handle.close();
      throw error;
    }
    handle.close();
    this.#skip(`${path}: has no true size, and more than ${maxUnsizedBytes} bytes`);
    return undefined;
  }

  /**
   * The size of files that the kernel generates is only known when they have been read: stat reports 0 in /proc, 4096 in
   * /sys, and 128 TiB for /proc/kcore. None of them has blocks; neither has a file that is one hole, whose size is true.
   */
  #contentOf(handle: FileHandle, { allocatedBytes, sizeBytes }: FileStat): Uint8Array | 'endless' | undefined {
    if (allocatedBytes > 0) return undefined;
    let content = new Uint8Array(firstReadBytes);
    for (let at = 0; ; ) {
      const got = this.#readAt(handle, content.subarray(at), at);
      if (got === 0) return content.subarray(0, at);
      at += got;
      if (at > maxUnsizedBytes) return sizeBytes >= at && sizeBytes < maxCredibleBytes ? undefined : 'endless';
      if (at < content.length) continue;
      const larger = new Uint8Array(Math.min(content.length * 4, maxUnsizedBytes + pageBytes));
      larger.set(content);
      content = larger;
    }
  }

  #readAt(handle: FileHandle, into: Uint8Array, offset: number): number {
    const got = this.#host.files.read(handle, into, offset);
    if (got < 0) throw new HostError('EAGAIN', 'read');
    return got;
  }

  /** /proc and the like, mounted inside the tree: files in it have no size and may have no end. */
  #isOfKernel(path: string, deviceId: number): boolean {
    const above = this.#levels.at(-1);
    return (
      above !== undefined &&
      above.deviceId !== deviceId &&
      this.#host.files.statVfs(`${this.#above}/${path}`).totalBytes === 0
    );
  }

  #owner({ uid, gid }: { readonly uid: number; readonly gid: number }): { user: string; group: string } {
    return { user: this.#names.user(uid), group: this.#names.group(gid) };
  }

  #give(header: Uint8Array): void {
    this.#header = header;
    this.#headerAt = 0;
    if (!this.#ended) this.files++;
  }

  #skip(what: string): void {
    if (what === this.#lastSkipped) return;
    this.#lastSkipped = what;
    if (this.#skipped.length < maxSkipped) this.#skipped.push(what.slice(0, maxSkippedEntryChars));
    else this.#unlisted++;
  }
}
