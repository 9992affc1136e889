import type { DirectoryEntry, DirectoryHandle, FileHandle, FileStat, OpenOptions } from '../host.ts';
import { HostError } from '../host-error.ts';
import { type FakeNode, statOf } from './fake-tree.ts';

/** The file functions that an open directory of the fake guest needs. */
export interface FakeDirectoryFiles {
  check(call: string, path: string): void;
  make(facts: Partial<FakeNode> & Pick<FakeNode, 'type'>): FakeNode;
  openNode(node: FakeNode, options: OpenOptions): FileHandle;
  /** Frees the space of a removed file. */
  free(bytes: number): void;
  /** Called with +1 and -1, so that a test can check for leaks. */
  count(difference: number): void;
}

/** Entries per batch: few, so that tests get more than one batch. */
const batch = 64;

/** An open directory in memory. */
export class FakeDirectory implements DirectoryHandle {
  readonly node: FakeNode;
  readonly #files: FakeDirectoryFiles;
  #names: string[] | undefined;
  #closed = false;

  constructor(node: FakeNode, files: FakeDirectoryFiles) {
    this.node = node;
    this.#files = files;
    files.count(1);
  }

  readEntries(): DirectoryEntry[] {
    this.#check('getdents', '');
    this.#names ??= [...this.node.children.keys()];
    return this.#names
      .splice(0, batch)
      .map((name) => ({ name, type: this.node.children.get(name)?.type ?? 'unknown' }));
  }

  stat(name: string): FileStat {
    return statOf(this.#find('stat', name));
  }

  readLink(name: string): string {
    const { type, target } = this.#find('readlink', name);
    if (type !== 'symlink') throw new HostError('EINVAL', 'readlink', name);
    return target;
  }

  openDirectory(name: string): DirectoryHandle {
    const node = this.#find('open', name);
    if (node.type === 'symlink') throw new HostError('ELOOP', 'open', name);
    if (node.type !== 'directory') throw new HostError('ENOTDIR', 'open', name);
    return new FakeDirectory(node, this.#files);
  }

  openFile(name: string, options: OpenOptions): FileHandle {
    this.#check('open', name);
    const { children } = this.node;
    const node = children.get(name);
    if (node === undefined && !options.create) throw new HostError('ENOENT', 'open', name);
    if (node !== undefined && options.create && options.exclusive) throw new HostError('EEXIST', 'open', name);
    if (node?.type === 'symlink') throw new HostError('ELOOP', 'open', name);
    const found = node ?? this.#files.make({ type: 'regular', mode: options.mode & 0o7777 });
    if (node === undefined) children.set(name, found);
    if (options.truncate) found.size = 0;
    return this.#files.openNode(found, options);
  }

  unlink(name: string): void {
    const node = this.#find('unlink', name);
    if (node.type === 'directory') throw new HostError('EISDIR', 'unlink', name);
    this.#files.free(node.size);
    this.node.children.delete(name);
    node.links--;
  }

  removeDirectory(name: string): void {
    const node = this.#find('rmdir', name);
    if (node.type !== 'directory') throw new HostError('ENOTDIR', 'rmdir', name);
    if (node.children.size > 0) throw new HostError('ENOTEMPTY', 'rmdir', name);
    this.node.children.delete(name);
  }

  makeDirectory(name: string, mode: number): void {
    this.#checkFree('mkdir', name);
    this.node.children.set(name, this.#files.make({ type: 'directory', mode }));
  }

  makeSymlink(target: string, name: string): void {
    this.#checkFree('symlink', name);
    this.node.children.set(name, this.#files.make({ type: 'symlink', mode: 0o777, target }));
  }

  link(name: string, to: DirectoryHandle, newName: string): void {
    const node = this.#find('link', name);
    if (!(to instanceof FakeDirectory)) throw new TypeError('expected a directory of this host');
    if (node.type === 'directory') throw new HostError('EPERM', 'link', name);
    to.#checkFree('link', newName);
    to.node.children.set(newName, node);
    node.links++;
  }

  setMode(name: string, mode: number): void {
    const node = this.#find('chmod', name);
    if (node.type === 'symlink') throw new HostError('EOPNOTSUPP', 'chmod', name);
    node.mode = mode;
  }

  setOwner(name: string, uid: number, gid: number): void {
    const node = this.#find('chown', name);
    // As lchown(2): -1 means unchanged.
    [node.uid, node.gid] = [uid < 0 ? node.uid : uid, gid < 0 ? node.gid : gid];
  }

  setModified(name: string, timeNs: bigint): void {
    this.#find('utimensat', name).modifiedNs = timeNs;
  }

  rename(from: string, to: DirectoryHandle, newName: string, replace: boolean): void {
    const source = this.#find('rename', from);
    if (!(to instanceof FakeDirectory)) throw new TypeError('expected a directory of this host');
    const there = to.node.children.get(newName);
    if (there !== undefined && !replace) throw new HostError('EEXIST', 'rename', newName);
    if (there?.type === 'directory' && source.type !== 'directory') throw new HostError('EISDIR', 'rename', newName);
    if (there !== undefined && there.children.size > 0) throw new HostError('ENOTEMPTY', 'rename', newName);
    if (there === source) return;
    if (there !== undefined) there.links--;
    this.node.children.delete(from);
    to.node.children.set(newName, source);
  }

  close(): void {
    if (!this.#closed) this.#files.count(-1);
    this.#closed = true;
  }

  #find(call: string, name: string): FakeNode {
    this.#check(call, name);
    const node = name === '.' ? this.node : this.node.children.get(name);
    if (node === undefined) throw new HostError('ENOENT', call, name);
    return node;
  }

  #checkFree(call: string, name: string): void {
    this.#check(call, name);
    if (this.node.children.has(name)) throw new HostError('EEXIST', call, name);
  }

  #check(call: string, name: string): void {
    if (this.#closed) throw new HostError('EBADF', call, name);
    this.#files.check(call, name);
  }
}
