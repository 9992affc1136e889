import type { DirectoryEntry, DirectoryHandle, FileHandle, FileStat, OpenOptions } from '../host.ts';
import { HostError, hasErrno } from '../host-error.ts';
import type { FileLimits } from './file-limits.ts';

/** Whether opening with these options can change something. */
function changes({ access, create, truncate }: OpenOptions): boolean {
  return access !== 'read' || create || truncate;
}

/** An open directory in which the policy allows what it allows at its path. */
export class LimitedDirectory implements DirectoryHandle {
  /** The directory of the host. */
  readonly inner: DirectoryHandle;
  readonly #limits: FileLimits;
  readonly #real: string;

  /** @param real its path, without links */
  constructor(inner: DirectoryHandle, limits: FileLimits, real: string) {
    this.inner = inner;
    this.#limits = limits;
    this.#real = real;
  }

  /** On the way to a root, only what leads there. */
  readEntries(): DirectoryEntry[] {
    for (;;) {
      const entries = this.inner.readEntries();
      const seen = entries.filter(({ name }) => this.#limits.maySee(this.#pathOf(name)));
      // An empty batch would be the end.
      if (seen.length > 0 || entries.length === 0) return seen;
    }
  }

  stat(name: string): FileStat {
    this.#see(name);
    return this.inner.stat(name);
  }

  readLink(name: string): string {
    this.#see(name);
    return this.inner.readLink(name);
  }

  openDirectory(name: string): LimitedDirectory {
    this.#see(name);
    return new LimitedDirectory(this.inner.openDirectory(name), this.#limits, this.#pathOf(name));
  }

  openFile(name: string, options: OpenOptions): FileHandle {
    if (options.access !== 'write') this.#limits.checkRead(this.#pathOf(name));
    if (changes(options)) this.checkChange(name);
    else this.#limits.checkOpen(this.#pathOf(name), statOf(this.inner, name));
    return this.inner.openFile(name, options);
  }

  unlink(name: string): void {
    this.checkChange(name);
    this.inner.unlink(name);
  }

  removeDirectory(name: string): void {
    this.checkChange(name);
    this.inner.removeDirectory(name);
  }

  makeDirectory(name: string, mode: number): void {
    // One that is there stays: EEXIST, which who makes a whole path ignores.
    if (statOf(this.inner, name) === undefined) this.checkChange(name);
    this.#see(name);
    this.inner.makeDirectory(name, mode);
  }

  makeSymlink(target: string, name: string): void {
    this.checkChange(name);
    this.inner.makeSymlink(target, name);
  }

  link(name: string, to: DirectoryHandle, newName: string): void {
    this.checkChange(name);
    const target = limited(to);
    target.checkChange(newName);
    this.inner.link(name, target.inner, newName);
  }

  setMode(name: string, mode: number): void {
    this.checkChange(name);
    this.inner.setMode(name, mode);
  }

  setOwner(name: string, uid: number, gid: number): void {
    this.checkChange(name);
    this.inner.setOwner(name, uid, gid);
  }

  setModified(name: string, timeNs: bigint): void {
    this.checkChange(name);
    this.inner.setModified(name, timeNs);
  }

  rename(from: string, to: DirectoryHandle, newName: string, replace: boolean): void {
    this.checkChange(from);
    const target = limited(to);
    target.checkChange(newName);
    this.inner.rename(from, target.inner, newName, replace);
  }

  close(): void {
    this.inner.close();
  }

  /** @throws OperationError DENIED_BY_GUEST_POLICY unless this folder is in a root */
  checkRead(): void {
    this.#limits.checkRead(this.#real);
  }

  /** @throws OperationError DENIED_BY_GUEST_POLICY unless this name may be created, changed or removed */
  checkChange(name: string): void {
    this.#limits.checkWrite(this.#pathOf(name), statOf(this.inner, name), this.inner.stat('.'));
  }

  #pathOf(name: string): string {
    if (name === '.') return this.#real;
    if (name === '..' || name.includes('/')) throw new HostError('EINVAL', 'open', name);
    return this.#real === '/' ? `/${name}` : `${this.#real}/${name}`;
  }

  #see(name: string): void {
    const path = this.#pathOf(name);
    if (!this.#limits.maySee(path)) this.#limits.checkRead(path);
  }
}

function limited(folder: DirectoryHandle): LimitedDirectory {
  if (!(folder instanceof LimitedDirectory)) throw new TypeError('expected a directory of this host');
  return folder;
}

/** Undefined if there is nothing of this name. */
function statOf(folder: DirectoryHandle, name: string): FileStat | undefined {
  try {
    return folder.stat(name);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
