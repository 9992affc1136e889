import type { Clock, DirectoryHandle, FileHandle, FileStat, Files, OpenOptions, StatVfs } from '../host.ts';
import { HostError } from '../host-error.ts';
import { FakeDirectory } from './fake-directory.ts';
import { FakeFolderWatcher } from './fake-folder-watcher.ts';
import { type FakeNode, FakeTree, statOf } from './fake-tree.ts';

interface Opened extends FileHandle {
  readonly node: FakeNode;
  readonly content: Uint8Array | undefined;
  readonly append: boolean;
  position: number;
}

const holeBytes = 4096;

/** Files in memory. Besides the port there are methods for tests to prepare and inspect it. */
export class FakeFiles implements Files {
  readonly tree = new FakeTree();
  readonly #clock: Clock;
  readonly #opened = new Set<Opened>();
  /** Errno with which folders cannot be watched. */
  watchRefusal: string | undefined;
  /** Open watchers of folders. */
  readonly watchers = new Set<FakeFolderWatcher>();
  #lastWatcher = 100;
  readonly #mountWatchers = new Set<() => void>();
  #lastNumber = 2;
  #openDirectories = 0;
  /** Free bytes: beyond them ENOSPC. */
  freeBytes = 1024 * 1024 * 1024;
  /** Size of the file system. */
  totalBytes = 8 * 1024 * 1024 * 1024;
  /** Called before every call: returns an errno to fail with. */
  fail: ((call: string, path: string) => string | undefined) | undefined;
  /** Figures of file systems that differ from the usual ones, by mount point. */
  readonly figures = new Map<string, Partial<StatVfs>>();
  /** Answers for `statVfsInHelper`; without one it behaves like `statVfs`. */
  slowStatVfs: ((path: string) => Promise<StatVfs>) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of open handles, so that a test can check for leaks. */
  get openCount(): number {
    return this.#opened.size + this.#openDirectories;
  }

  /** Creates or replaces a file, with its directories. A function generates the content at every open, as in /proc. */
  put(
    path: string,
    content: string | Uint8Array | (() => string | Uint8Array) = '',
    facts: Partial<Pick<FakeNode, 'mode' | 'uid' | 'gid' | 'modifiedNs' | 'hasHoles'>> = {},
  ): void {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder !== '') this.putFolder(folder);
    const { parent, name } = this.tree.locate('put', path, { follow: true });
    const base = { type: 'regular', modifiedNs: this.#clock.wallTimeNs(), ...facts } as const;
    const node =
      typeof content === 'function'
        ? this.tree.make({ ...base, generate: content })
        : this.tree.make({ ...base, data: bytesOf(content).slice() });
    parent.children.set(name, node);
  }

  putFolder(path: string, facts: Partial<Pick<FakeNode, 'mode' | 'uid' | 'modifiedNs'>> = {}): void {
    const parts = path.split('/').filter((part) => part !== '');
    for (let count = 1; count <= parts.length; count++) {
      const { parent, name, node } = this.tree.locate('put', `/${parts.slice(0, count).join('/')}`, { follow: true });
      if (node === undefined) parent.children.set(name, this.tree.make({ type: 'directory', mode: 0o755, ...facts }));
    }
  }

  putLink(path: string, target: string, modifiedNs = 0n): void {
    const { parent, name } = this.tree.locate('put', path, { follow: false });
    parent.children.set(name, this.tree.make({ type: 'symlink', mode: 0o777, target, modifiedNs }));
  }

  putSpecial(path: string, type: 'character' | 'block' | 'fifo' | 'socket'): void {
    const { parent, name } = this.tree.locate('put', path, { follow: false });
    parent.children.set(name, this.tree.make({ type }));
  }

  remove(path: string): void {
    const { parent, name } = this.tree.locate('remove', path, { follow: false });
    parent.children.delete(name);
  }

  bytes(path: string): Uint8Array {
    const node = this.tree.find('bytes', path, { follow: true });
    return contentOf(node) ?? node.data.slice(0, node.size);
  }

  text(path: string): string {
    return new TextDecoder().decode(this.bytes(path));
  }

  exists(path: string): boolean {
    return this.tree.locate('exists', path, { follow: false }).node !== undefined;
  }

  /** Names in a directory, sorted. */
  names(folder: string): string[] {
    return [...this.tree.find('names', folder, { follow: true }).children.keys()].sort();
  }

  /** Simulates a mount or unmount. */
  changeMounts(): void {
    for (const callback of this.#mountWatchers) callback();
  }

  open(path: string, options: OpenOptions): FileHandle {
    this.#check('open', path);
    const follow = !(options.create && options.exclusive);
    const { parent, name, node } = this.tree.locate('open', path, { follow, noSymlinks: options.noSymlinks });
    if (node === undefined && !options.create) throw new HostError('ENOENT', 'open', path);
    if (node !== undefined && options.create && options.exclusive) throw new HostError('EEXIST', 'open', path);
    if (node?.type === 'directory' && options.access !== 'read') throw new HostError('EISDIR', 'open', path);
    const found = node ?? this.tree.make({ type: 'regular', mode: options.mode & 0o7777 });
    if (node === undefined) parent.children.set(name, found);
    if (options.truncate) found.size = 0;
    return this.#openNode(found, options);
  }

  openDirectory(path: string, { noSymlinks }: { readonly noSymlinks: boolean }): DirectoryHandle {
    this.#check('open', path);
    const node = this.tree.find('open', path, { follow: true, noSymlinks });
    if (node.type !== 'directory') throw new HostError('ENOTDIR', 'open', path);
    return new FakeDirectory(node, {
      check: (call, name) => this.#check(call, name),
      make: (facts) => this.tree.make(facts),
      openNode: (file, options) => this.#openNode(file, options),
      free: (bytes) => {
        this.freeBytes += bytes;
      },
      count: (difference) => {
        this.#openDirectories += difference;
      },
    });
  }

  read(file: FileHandle, into: Uint8Array, offset: number): number {
    const { node, content } = this.#of(file, 'read');
    if (node.type === 'directory') throw new HostError('EISDIR', 'read');
    const data = content ?? node.data.subarray(0, node.size);
    const piece = data.subarray(Math.min(offset, data.length), offset + into.length);
    into.set(piece);
    return piece.length;
  }

  readNext(file: FileHandle, into: Uint8Array): number {
    const opened = this.#of(file, 'read');
    const count = this.read(file, into, opened.position);
    opened.position += count;
    return count;
  }

  write(file: FileHandle, from: Uint8Array, offset: number): void {
    const { node } = this.#of(file, 'write');
    const end = offset + from.length;
    const growth = Math.max(0, end - node.size);
    if (growth > this.freeBytes) throw new HostError('ENOSPC', 'write');
    this.freeBytes -= growth;
    if (end > node.data.length) {
      const grown = new Uint8Array(Math.max(end, node.data.length * 2));
      grown.set(node.data.subarray(0, node.size));
      node.data = grown;
    }
    if (offset > node.size) node.data.fill(0, node.size, offset);
    node.data.set(from, offset);
    node.size = Math.max(node.size, end);
    node.modifiedNs = this.#clock.wallTimeNs();
  }

  writeNext(file: FileHandle, from: Uint8Array): void {
    const opened = this.#of(file, 'write');
    const at = opened.append ? opened.node.size : opened.position;
    this.write(file, from, at);
    opened.position = at + from.length;
  }

  statHandle(file: FileHandle): FileStat {
    return statOf(this.#of(file, 'fstat').node);
  }

  chmodHandle(file: FileHandle, mode: number): void {
    this.#of(file, 'fchmod').node.mode = mode;
  }

  chownHandle(file: FileHandle, uid: number, gid: number): void {
    const { node } = this.#of(file, 'fchown');
    [node.uid, node.gid] = [uid, gid];
    // As the kernel does: a new owner must not inherit setuid rights or capabilities.
    node.mode &= 0o1777;
    node.attributes.delete('security.capability');
  }

  setModifiedHandle(file: FileHandle, timeNs: bigint): void {
    this.#of(file, 'futimens').node.modifiedNs = timeNs;
  }

  nextData(file: FileHandle, offset: number): number | undefined {
    return nextBlock(this.#of(file, 'lseek').node, offset, true);
  }

  nextHole(file: FileHandle, offset: number): number {
    const { node } = this.#of(file, 'lseek');
    return nextBlock(node, offset, false) ?? node.size;
  }

  attributeNames(file: FileHandle): string[] {
    this.#check('flistxattr', '');
    return [...this.#of(file, 'flistxattr').node.attributes.keys()];
  }

  attribute(file: FileHandle, name: string): Uint8Array {
    const value = this.#of(file, 'fgetxattr').node.attributes.get(name);
    if (value === undefined) throw new HostError('ENODATA', 'fgetxattr', name);
    return value;
  }

  setAttribute(file: FileHandle, name: string, value: Uint8Array): void {
    this.#check('fsetxattr', name);
    this.#of(file, 'fsetxattr').node.attributes.set(name, value.slice());
  }

  truncate(file: FileHandle, sizeBytes: number): void {
    const { node } = this.#of(file, 'ftruncate');
    if (sizeBytes > node.data.length) {
      const grown = new Uint8Array(sizeBytes);
      grown.set(node.data.subarray(0, node.size));
      node.data = grown;
    } else node.data.fill(0, sizeBytes);
    node.size = sizeBytes;
  }

  async sync(file: FileHandle): Promise<void> {
    this.#of(file, 'fsync');
    this.#check('fsync', '');
  }

  stat(path: string, follow: boolean): FileStat {
    this.#check('stat', path);
    return statOf(this.tree.find('stat', path, { follow }));
  }

  readLink(path: string): string {
    const { type, target } = this.tree.find('readlink', path, { follow: false });
    if (type !== 'symlink') throw new HostError('EINVAL', 'readlink', path);
    return target;
  }

  rename(from: string, to: string): void {
    this.#check('rename', to);
    const source = this.tree.locate('rename', from, { follow: false });
    const goal = this.tree.locate('rename', to, { follow: false });
    if (source.node === undefined) throw new HostError('ENOENT', 'rename', from);
    if (goal.node?.type === 'directory') throw new HostError('EISDIR', 'rename', to);
    source.parent.children.delete(source.name);
    goal.parent.children.set(goal.name, source.node);
  }

  unlink(path: string): void {
    this.#check('unlink', path);
    const { parent, name, node } = this.tree.locate('unlink', path, { follow: false });
    if (node === undefined) throw new HostError('ENOENT', 'unlink', path);
    if (node.type === 'directory') throw new HostError('EISDIR', 'unlink', path);
    this.freeBytes += node.size;
    parent.children.delete(name);
  }

  makeDirectory(path: string, mode: number): void {
    this.#check('mkdir', path);
    const { parent, name, node } = this.tree.locate('mkdir', path, { follow: false });
    if (node !== undefined) throw new HostError('EEXIST', 'mkdir', path);
    parent.children.set(name, this.tree.make({ type: 'directory', mode }));
  }

  readDirectory(path: string, limit: number): string[] {
    this.#check('readdir', path);
    const node = this.tree.find('readdir', path, { follow: true });
    if (node.type !== 'directory') throw new HostError('ENOTDIR', 'readdir', path);
    return [...node.children.keys()].slice(0, limit);
  }

  readText(path: string, maxBytes: number): string {
    this.#check('open', path);
    return new TextDecoder().decode(this.bytes(path).subarray(0, maxBytes));
  }

  readNames(path: string, maxBytes: number): string {
    return this.readText(path, maxBytes);
  }

  readNumbers(path: string, into: Float64Array): number {
    const words = this.readText(path, Number.MAX_SAFE_INTEGER).match(/\n|(?<![A-Za-z_][0-9]*)[0-9]+/g) ?? [];
    const numbers = words.slice(0, into.length).map((word) => (word === '\n' ? Number.NaN : Number(word)));
    into.set(numbers);
    return numbers.length;
  }

  statVfs(path: string): StatVfs {
    this.#check('statvfs', path);
    this.tree.find('statvfs', path, { follow: true });
    const { totalBytes, freeBytes } = this;
    const usual = { totalBytes, freeBytes, availableBytes: freeBytes, inodesTotal: 65_536, inodesFree: 60_000 };
    return { ...usual, readOnly: false, ...this.figures.get(path) };
  }

  async statVfsInHelper(path: string): Promise<StatVfs> {
    return await (this.slowStatVfs?.(path) ?? this.statVfs(path));
  }

  async writeInHelper(path: string, text: string): Promise<void> {
    this.#check('write', path);
    this.put(path, text);
  }

  async growExt(mountPoint: string, sizeBytes: number): Promise<void> {
    this.#check('growExt', mountPoint);
    this.totalBytes = sizeBytes;
  }

  watchFolders(): FakeFolderWatcher {
    this.#check('inotify_init', '');
    const find = (path: string): FakeNode => this.tree.find('watch', path, { follow: true });
    const onClose = (): void => void this.watchers.delete(watcher);
    const options = { descriptor: ++this.#lastWatcher, refusal: this.watchRefusal };
    const watcher: FakeFolderWatcher = new FakeFolderWatcher(find, onClose, options);
    this.watchers.add(watcher);
    return watcher;
  }

  adoptWatcher(descriptor: number): FakeFolderWatcher {
    for (const watcher of this.watchers) if (watcher.descriptor === descriptor) return watcher;
    throw new HostError('EBADF', 'inotify');
  }

  watchMounts(callback: () => void): () => void {
    this.#mountWatchers.add(callback);
    return () => this.#mountWatchers.delete(callback);
  }

  #openNode(node: FakeNode, { append }: OpenOptions): FileHandle {
    const opened: Opened = {
      number: ++this.#lastNumber,
      node,
      content: contentOf(node),
      append,
      position: 0,
      close: () => this.#opened.delete(opened),
    };
    this.#opened.add(opened);
    return opened;
  }

  #of(file: FileHandle, call: string): Opened {
    for (const opened of this.#opened) if (opened === file) return opened;
    throw new HostError('EBADF', call);
  }

  #check(call: string, path: string): void {
    const errno = this.fail?.(call, path);
    if (errno !== undefined) throw new HostError(errno, call, path);
  }
}

/** The next block of a node with holes, which are its blocks of zeros, that has data or has none. */
function nextBlock(node: FakeNode, offset: number, isData: boolean): number | undefined {
  for (let at = offset; at < node.size; at = (Math.floor(at / holeBytes) + 1) * holeBytes) {
    const block = node.data.subarray(at, Math.min((Math.floor(at / holeBytes) + 1) * holeBytes, node.size));
    if ((!node.hasHoles || block.some((byte) => byte !== 0)) === isData) return at;
  }
  return undefined;
}

function contentOf(node: FakeNode): Uint8Array | undefined {
  return node.generate === undefined ? undefined : bytesOf(node.generate());
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}
