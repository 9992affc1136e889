import type { FileHandle, FileStat, Files, FileType, OpenOptions, StatVfs } from '@innkeeper/agent-core';
import { HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import { InotifyWatcher } from './folder-watcher.ts';
import type { HelperPool } from './helper-pool.ts';
import { attempt, throwIfRefused } from './helper-result.ts';
import { type FileOpening, OpenDirectory } from './open-directory.ts';
import { openWithoutSymlinks } from './open-without-symlinks.ts';
import { watchOrClose } from './watch-or-close.ts';
import { isOfKernel, type WriteHold } from './write-hold.ts';

const accessFlags = { read: 0, write: host.O_WRONLY, 'read-write': host.O_RDWR } as const;

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
  /** In a file system of the kernel, which is never frozen. */
  readonly isOfKernel: boolean;
  #closed = false;

  constructor(number: number, isOfKernel: boolean) {
    this.number = number;
    this.isOfKernel = isOfKernel;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    host.close(this.number);
  }
}

export function createFiles(helpers: HelperPool, hold: WriteHold): Files {
  const openat2 = host.supportsOpenat2();
  const opening: FileOpening = { handle: (fd) => new OpenFile(fd, false), flagsOf, toStat, hold };
  const checkHandle = (file: FileHandle, call: string): void => {
    if (!(file instanceof OpenFile && file.isOfKernel)) hold.check(call);
  };
  return {
    open: (path, options) => {
      if (options.access !== 'read' || options.create) hold.check('open', path);
      return new OpenFile(openFile(path, options, openat2), isOfKernel(path));
    },
    read: (file, into, offset) => host.read(file.number, into, 0, into.length, offset),
    readNext: (file, into) => host.readOnce(file.number, into, 0, into.length),
    write: (file, from, offset) => {
      checkHandle(file, 'write');
      writeAll(file, from, offset);
    },
    writeNext: (file, from) => {
      checkHandle(file, 'write');
      writeAll(file, from, -1);
    },
    statHandle: (file) => toStat(host.fstat(file.number)),
    chmodHandle: (file, mode) => {
      checkHandle(file, 'fchmod');
      host.fchmod(file.number, mode);
    },
    chownHandle: (file, uid, gid) => {
      checkHandle(file, 'fchown');
      host.fchown(file.number, uid, gid);
    },
    truncate: (file, sizeBytes) => {
      checkHandle(file, 'ftruncate');
      host.ftruncate(file.number, sizeBytes);
    },
    setModifiedHandle: (file, timeNs) => {
      checkHandle(file, 'futimens');
      host.futimes(file.number, timeNs);
    },
    nextData: (file, offset) => {
      const found = host.seek(file.number, offset, false);
      return found < 0 ? undefined : found;
    },
    nextHole: (file, offset) => host.seek(file.number, offset, true),
    attributeNames: (file) => host.listAttributes(file.number).split('\0').slice(0, -1),
    attribute: (file, name) => host.getAttribute(file.number, name),
    setAttribute: (file, name, value) => {
      checkHandle(file, 'fsetxattr');
      host.setAttribute(file.number, name, value);
    },
    sync: async (file, timeoutMs) => {
      hold.check('fsync');
      const fd = file.number;
      // fsync works on the open file, which the helper shares: its success holds here as well.
      await helpers.run('fsync', () => attempt(() => host.fsync(fd)), timeoutMs, fd).then(throwIfRefused('fsync'));
    },
    stat: (path, follow) => toStat(host.stat(path, follow)),
    readLink: host.readlink,
    rename: (from, to) => {
      hold.check('rename', from);
      host.rename(from, to);
    },
    unlink: (path) => {
      hold.check('unlink', path);
      host.unlink(path);
    },
    makeDirectory: (path, mode) => {
      hold.check('mkdir', path);
      host.mkdir(path, mode);
    },
    openDirectory: (path, { noSymlinks }) => {
      // openat2 returns ELOOP for a final link only if RESOLVE_NO_SYMLINKS is the reason.
      const value = noSymlinks && !openat2 ? host.O_DIRECTORY | host.O_NOFOLLOW : host.O_DIRECTORY;
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
    writeInHelper: async (path, text, timeoutMs) => {
      const write = (): undefined => {
        const fd = host.open(path, host.O_WRONLY, 0, false);
        writeAll({ number: fd }, host.encodeUtf8(text), -1);
      };
      await helpers.run('write', () => attempt(write), timeoutMs).then(throwIfRefused('write'));
    },
    growExt: async (mountPoint, sizeBytes, timeoutMs) => {
      const grow = (): string => attempt(() => host.growExt(mountPoint, sizeBytes));
      await helpers.run('growExt', grow, timeoutMs).then(throwIfRefused('ioctl'));
    },
    watchFolders: () => new InotifyWatcher(),
    adoptWatcher: (descriptor) => new InotifyWatcher(descriptor),
    watchMounts: (callback) => {
      const fd = host.open('/proc/self/mountinfo', 0, 0, false);
      // The kernel reports a change as an error event (proc(5)), which epoll always delivers.
      const slot = watchOrClose([fd], 0, callback);
      return () => {
        host.unwatch(slot);
        host.close(fd);
      };
    },
  };
}

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
    host.O_NOCTTY |
    (options.create ? host.O_CREAT : 0) |
    (options.exclusive ? host.O_EXCL : 0) |
    (options.truncate ? host.O_TRUNC : 0) |
    (options.append ? host.O_APPEND : 0) |
    (options.nonBlocking ? host.O_NONBLOCK : 0)
  );
}

/** Loops on short writes; EAGAIN is an error here, since regular files never return it. */
function writeAll(file: Pick<FileHandle, 'number'>, bytes: Uint8Array, offset: number): void {
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
