import type { DirectoryEntry, DirectoryHandle, FileHandle, FileType, OpenOptions } from '@innkeeper/agent-core';
import * as host from 'host';
import type { WriteHold } from './write-hold.ts';

/** The file functions that a directory needs; provided by `createFiles`. */
export interface FileOpening {
  readonly handle: (fd: number) => FileHandle;
  readonly flagsOf: (options: OpenOptions) => number;
  readonly toStat: (raw: host.RawStat) => ReturnType<DirectoryHandle['stat']>;
  readonly hold: WriteHold;
}

/** DT_* of readdir(3). */
const entryTypes: ReadonlyMap<number, FileType> = new Map([
  [1, 'fifo'],
  [2, 'character'],
  [4, 'directory'],
  [6, 'block'],
  [8, 'regular'],
  [10, 'symlink'],
  [12, 'socket'],
]);

/** A directory by its descriptor. */
export class OpenDirectory implements DirectoryHandle {
  readonly fd: number;
  readonly #files: FileOpening;
  #closed = false;

  constructor(fd: number, files: FileOpening) {
    this.fd = fd;
    this.#files = files;
  }

  readEntries(): DirectoryEntry[] {
    const flat = host.readEntries(this.fd);
    const entries: DirectoryEntry[] = [];
    for (let index = 0; index < flat.length; index += 2)
      entries.push({ name: String(flat[index]), type: entryTypes.get(Number(flat[index + 1])) ?? 'unknown' });
    return entries;
  }

  stat(name: string): ReturnType<DirectoryHandle['stat']> {
    return this.#files.toStat(host.statAt(this.fd, name));
  }

  readLink(name: string): string {
    return host.readlinkAt(this.fd, name);
  }

  openDirectory(name: string): DirectoryHandle {
    return new OpenDirectory(host.openAt(this.fd, name, host.O_DIRECTORY | host.O_NOFOLLOW, 0), this.#files);
  }

  openFile(name: string, options: OpenOptions): FileHandle {
    if (options.access !== 'read' || options.create) this.#files.hold.check('openat');
    return this.#files.handle(host.openAt(this.fd, name, this.#files.flagsOf(options) | host.O_NOFOLLOW, options.mode));
  }

  unlink(name: string): void {
    this.#files.hold.check('unlinkat');
    host.unlinkAt(this.fd, name);
  }

  removeDirectory(name: string): void {
    this.#files.hold.check('rmdirat');
    host.rmdirAt(this.fd, name);
  }

  makeDirectory(name: string, mode: number): void {
    this.#files.hold.check('mkdirat');
    host.mkdirAt(this.fd, name, mode);
  }

  makeSymlink(target: string, name: string): void {
    this.#files.hold.check('symlinkat');
    host.symlinkAt(target, this.fd, name);
  }

  link(name: string, to: DirectoryHandle, newName: string): void {
    if (!(to instanceof OpenDirectory)) throw new TypeError('expected a directory of this host');
    this.#files.hold.check('linkat');
    host.linkAt(this.fd, name, to.fd, newName);
  }

  setMode(name: string, mode: number): void {
    this.#files.hold.check('fchmodat');
    host.chmodAt(this.fd, name, mode);
  }

  setOwner(name: string, uid: number, gid: number): void {
    this.#files.hold.check('fchownat');
    host.chownAt(this.fd, name, uid, gid);
  }

  setModified(name: string, timeNs: bigint): void {
    this.#files.hold.check('utimensat');
    host.utimesAt(this.fd, name, timeNs);
  }

  rename(from: string, to: DirectoryHandle, newName: string, replace: boolean): void {
    if (!(to instanceof OpenDirectory)) throw new TypeError('expected a directory of this host');
    this.#files.hold.check('renameat');
    host.renameAt(this.fd, from, to.fd, newName, replace);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    host.close(this.fd);
  }
}
