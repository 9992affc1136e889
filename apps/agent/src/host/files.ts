import type { FileHandle, FileStat, Files, FileType, OpenOptions, StatVfs } from '@innkeeper/agent-core';
import { HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';
import { directoryFlags, type FileOpening, noFollow, OpenDirectory } from './open-directory.ts';
import { openWithoutSymlinks } from './open-without-symlinks.ts';

/** Flags of open(2) on x86-64 and arm64 (asm-generic/fcntl.h). */
const flags = {
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  exclusive: 0o200,
  noTerminal: 0o400,
  truncate: 0o1000,
  append: 0o2000,
  nonBlocking: 0o4000,
} as const;

const accessFlags = { read: 0, write: flags.writeOnly, 'read-write': flags.readWrite } as const;

/** S_IFMT values (inode(7)), as pairs: the linter rewrites octal property keys into wrong numbers. */
const types: ReadonlyMap<number, FileType> = new Map([
  [0o100000, 'regular'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
]);

class OpenFile implements FileHandle {
  readonly number: number;
  #closed = false;

  constructor(number: number) {
    this.number = number;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    host.close(this.number);
  }
}

export function createFiles(helpers: HelperPool): Files {
  const openat2 = host.supportsOpenat2();
  return {
    open: (path, options) => new OpenFile(openFile(path, options, openat2)),
    read: (file, into, offset) => host.read(file.number, into, 0, into.length, offset),
    readNext: (file, into) => host.readOnce(file.number, into, 0, into.length),
    write: (file, from, offset) => writeAll(file, from, offset),
    writeNext: (file, from) => writeAll(file, from, -1),
    statHandle: (file) => toStat(host.fstat(file.number)),
    chmodHandle: (file, mode) => host.fchmod(file.number, mode),
    chownHandle: (file, uid, gid) => host.fchown(file.number, uid, gid),
    setModifiedHandle: (file, timeNs) => host.futimes(file.number, timeNs),
    nextData: (file, offset) => {
      const found = host.seek(file.number, offset, false);
      return found < 0 ? undefined : found;
    },
    nextHole: (file, offset) => host.seek(file.number, offset, true),
    attributeNames: (file) => host.listAttributes(file.number).split('\0').slice(0, -1),
    attribute: (file, name) => host.getAttribute(file.number, name),
    setAttribute: (file, name, value) => host.setAttribute(file.number, name, value),
    truncate: (file, sizeBytes) => host.ftruncate(file.number, sizeBytes),
    sync: async (file, timeoutMs) => {
      const fd = file.number;
      // fsync works on the open file, which the helper shares: its success holds here as well.
      await helpers.run('fsync', () => attempt(() => host.fsync(fd)), timeoutMs, fd).then(throwIfRefused('fsync'));
    },
    stat: (path, follow) => toStat(host.stat(path, follow)),
    readLink: host.readlink,
    rename: host.rename,
    unlink: host.unlink,
    makeDirectory: host.mkdir,
    openDirectory: (path, { noSymlinks }) => {
      // openat2 returns ELOOP for a final link only if RESOLVE_NO_SYMLINKS is the reason.
      const value = noSymlinks && !openat2 ? directoryFlags | noFollow : directoryFlags;
      return new OpenDirectory(openPath(path, value, 0, { noSymlinks, openat2 }), opening);
    },
    readDirectory: host.readDirectory,
    readText: (path, maxBytes) => host.readText(path, maxBytes, false),
    readNames: (path, maxBytes) => host.readText(path, maxBytes, true),
    readNumbers: host.readNumbers,
    statVfs: (path) => toStatVfs(host.statvfs(path)),
    statVfsInHelper: async (path, timeoutMs) => {
      const text = await helpers.run('statvfs', () => attempt(() => host.statvfs(path)), timeoutMs);
      return toStatVfs(throwIfRefused('statvfs')(text) as host.RawStatVfs);
    },
    growExt: async (mountPoint, sizeBytes, timeoutMs) => {
      const grow = (): string => attempt(() => host.growExt(mountPoint, sizeBytes));
      await helpers.run('growExt', grow, timeoutMs).then(throwIfRefused('ioctl'));
    },
    watchMounts: (callback) => {
      const fd = host.open('/proc/self/mountinfo', 0, 0, false);
      // The kernel reports a change as an error event (proc(5)), which epoll always delivers.
      const slot = host.watch(fd, 0, callback);
      return () => {
        host.unwatch(slot);
        host.close(fd);
      };
    },
  };
}

const opening: FileOpening = { handle: (fd) => new OpenFile(fd), flagsOf, toStat };

function openFile(path: string, options: OpenOptions, openat2: boolean): number {
  const { mode, noSymlinks } = options;
  return openPath(path, flagsOf(options), mode, { noSymlinks, openat2 });
}

function openPath(
  path: string,
  value: number,
  mode: number,
  { noSymlinks, openat2 }: { readonly noSymlinks: boolean; readonly openat2: boolean },
): number {
  return noSymlinks && !openat2 ? openWithoutSymlinks(path, value, mode) : host.open(path, value, mode, noSymlinks);
}

function flagsOf(options: OpenOptions): number {
  return (
    accessFlags[options.access] |
    flags.noTerminal |
    (options.create ? flags.create : 0) |
    (options.exclusive ? flags.exclusive : 0) |
    (options.truncate ? flags.truncate : 0) |
    (options.append ? flags.append : 0) |
    (options.nonBlocking ? flags.nonBlocking : 0)
  );
}

/** Loops on short writes; EAGAIN is an error here, since regular files never return it. */
function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    const put = host.write(file.number, bytes, done, bytes.length - done, offset < 0 ? -1 : offset + done);
    if (put === 0) throw new HostError('EAGAIN', 'write');
    done += put;
  }
}

function toStat(raw: host.RawStat): FileStat {
  return {
    type: types.get(raw.mode & 0o170000) ?? 'unknown',
    mode: raw.mode & 0o7777,
    uid: raw.uid,
    gid: raw.gid,
    sizeBytes: raw.size,
    allocatedBytes: raw.blocks * 512,
    modifiedNs: raw.modifiedNs,
    deviceId: raw.device,
    inode: raw.inode,
    linkCount: raw.links,
  };
}

function toStatVfs({ flags, ...figures }: host.RawStatVfs): StatVfs {
  return { ...figures, readOnly: (flags & 1) !== 0 };
}

/** Runs in a helper: the result as text, or the errno. */
function attempt(work: () => unknown): string {
  try {
    return JSON.stringify({ value: work() ?? null });
  } catch (error) {
    return JSON.stringify({ errno: error instanceof Error && 'errno' in error ? error.errno : 'EIO' });
  }
}

function throwIfRefused(call: string): (text: string) => unknown {
  return (text) => {
    const { value, errno } = JSON.parse(text) as { value?: unknown; errno?: string };
    if (errno !== undefined) throw new HostError(errno, call);
    return value;
  };
}
