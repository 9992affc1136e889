/** An open file. `number` is the kernel's descriptor, for logs only. */
export interface FileHandle {
  readonly number: number;
  close(): void;
}

export type FileType = 'regular' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket' | 'unknown';

export interface FileStat {
  readonly type: FileType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Bytes of its blocks on disk: 0 for files that the kernel generates, whose size need not be true. */
  readonly allocatedBytes: number;
  readonly modifiedNs: bigint;
  readonly deviceId: number;
  readonly inode: number;
  readonly linkCount: number;
}

export interface OpenOptions {
  readonly access: 'read' | 'write' | 'read-write';
  readonly create: boolean;
  /** O_EXCL: fail with EEXIST. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly append: boolean;
  /** Mode for a file that is created, before the umask (the agent's umask is 0). */
  readonly mode: number;
  /**
   * Refuse a symbolic link in any component of the path (openat2 RESOLVE_NO_SYMLINKS, or else O_NOFOLLOW for each):
   * ELOOP.
   */
  readonly noSymlinks: boolean;
  /** Do not wait for the other end of a FIFO or device. */
  readonly nonBlocking: boolean;
}

/** A directory entry, with its type if the file system provides it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileType;
}

/**
 * An open directory. Names are single path components and links are never followed, so concurrent changes to the tree
 * cannot lead out of it. A name whose bytes are not UTF-8 contains lone surrogates and still works.
 */
export interface DirectoryHandle {
  /** The next entries in directory order, some hundreds; empty at the end. */
  readEntries(): DirectoryEntry[];
  stat(name: string): FileStat;
  readLink(name: string): string;
  /** ENOTDIR or ELOOP if it is not a directory. */
  openDirectory(name: string): DirectoryHandle;
  /** ELOOP for a link: `noSymlinks` always applies. */
  openFile(name: string, options: OpenOptions): FileHandle;
  unlink(name: string): void;
  removeDirectory(name: string): void;
  makeDirectory(name: string, mode: number): void;
  makeSymlink(target: string, name: string): void;
  /**
   * Creates a hard link in another directory or this one; a symbolic link itself is linked. EEXIST if the name exists.
   */
  link(name: string, to: DirectoryHandle, newName: string): void;
  setMode(name: string, mode: number): void;
  setOwner(name: string, uid: number, gid: number): void;
  setModified(name: string, timeNs: bigint): void;
  /** Within one file system. EEXIST if the name exists and `replace` is false. */
  rename(from: string, to: DirectoryHandle, newName: string, replace: boolean): void;
  close(): void;
}

/** A change in a watched folder. */
export interface FolderChange {
  readonly watch: number;
  /** IN_*, inotify(7). */
  readonly events: number;
  /** The same for both halves of a rename; otherwise 0. */
  readonly cookie: number;
  /** As in DirectoryHandle; empty: the folder itself. */
  readonly name: string;
}

/** Watches folders, not what is in their folders. Changes wait in the kernel, which keeps a limited number of them. */
export interface FolderWatcher {
  /** The kernel's number of it, for the next program of the agent. */
  readonly descriptor: number;
  /**
   * Watches a folder for these events from now on; one that is watched already keeps its number. ENOSPC if the kernel
   * watches too many.
   */
  add(folder: DirectoryHandle, events: number): number;
  /** Nothing if that watch is no more. */
  remove(watch: number): void;
  /** The next changes in order, some hundreds; empty if there are none. */
  read(): FolderChange[];
  /** Resolves when there are changes, or after `close`. */
  readable(): Promise<void>;
  close(): void;
}
