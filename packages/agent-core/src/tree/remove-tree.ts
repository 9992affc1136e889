import type { RemoveFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { hex } from '../hex.ts';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { namePath, openParent, type PathInParent } from './normal-path.ts';

/** Maximum open directories. Deeper ones are moved up first: a hostile tree may be a million levels deep. */
const maxDepth = 64;

/**
 * Removes a file, or a directory with its contents. Returns the number of removed entries; after a failure part of the
 * tree is gone.
 * @throws OperationError INVALID_PATH, FILE_IS_DIRECTORY, FILE_IS_MOUNT_POINT, FILE_SYMLINK_REFUSED; HostError
 */
export async function removeFile(host: Host, request: RemoveFileRequest, signal: AbortSignal): Promise<number> {
  let place: PathInParent;
  try {
    place = openParent(host, request.path, request);
  } catch (error) {
    if (request.ignoreMissing && hasErrno(error, 'ENOENT')) return 0;
    throw error;
  }
  try {
    const { folder, name, path } = place;
    const stat = namePath(path, () => folder.stat(name));
    if (stat.type !== 'directory') {
      namePath(path, () => folder.unlink(name));
      return 1;
    }
    if (stat.deviceId !== folder.stat('.').deviceId) throw mountPoint(path);
    if (!request.recursive && !isEmpty(folder, name))
      throw new OperationError(
        'FILE_IS_DIRECTORY',
        `${path} is a directory that is not empty; set "recursive" to remove it.`,
      );
    return await new Removal(host, stat.deviceId, path, signal).remove(folder, name);
  } catch (error) {
    if (request.ignoreMissing && hasErrno(error, 'ENOENT')) return 0;
    throw error;
  } finally {
    place.folder.close();
  }
}

class Removal {
  readonly #host: Host;
  readonly #deviceId: number;
  readonly #path: string;
  readonly #signal: AbortSignal;
  #removed = 0;
  #moved = 0;

  constructor(host: Host, deviceId: number, path: string, signal: AbortSignal) {
    this.#host = host;
    this.#deviceId = deviceId;
    this.#path = path;
    this.#signal = signal;
  }

  /** Works in rounds: entries that were moved up, missed or created during a round are handled in the next one. */
  async remove(parent: DirectoryHandle, name: string): Promise<number> {
    for (;;) {
      const before = this.#removed + this.#moved;
      const top = parent.openDirectory(name);
      try {
        await this.#empty(top, top, 1);
      } finally {
        top.close();
      }
      const hasProgress = this.#removed + this.#moved > before;
      if (this.#tryRemoveDirectory(parent, name, hasProgress)) return this.#removed;
    }
  }

  async #empty(folder: DirectoryHandle, top: DirectoryHandle, depth: number): Promise<void> {
    for (let entries = folder.readEntries(); entries.length > 0; entries = folder.readEntries()) {
      for (const { name } of entries) await this.#tryRemoveEntry(folder, name, top, depth);
      await yieldToLoop(this.#host, this.#signal);
    }
  }

  async #tryRemoveEntry(folder: DirectoryHandle, name: string, top: DirectoryHandle, depth: number): Promise<void> {
    try {
      await this.#removeEntry(folder, name, top, depth);
    } catch (error) {
      // Removed meanwhile.
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  async #removeEntry(folder: DirectoryHandle, name: string, top: DirectoryHandle, depth: number): Promise<void> {
    const stat = folder.stat(name);
    if (stat.type !== 'directory') {
      folder.unlink(name);
      this.#removed++;
      return;
    }
    if (stat.deviceId !== this.#deviceId) throw mountPoint(`${name} in ${this.#path}`);
    if (depth >= maxDepth) {
      // Handled in the next round. The name cannot be guessed, so it cannot already exist.
      folder.rename(name, top, `.innkeeper-removed-${hex(this.#host.bytes.random(8))}`, false);
      this.#moved++;
      return;
    }
    const inner = folder.openDirectory(name);
    try {
      await this.#empty(inner, top, depth + 1);
    } finally {
      inner.close();
    }
    this.#tryRemoveDirectory(folder, name, true);
  }

  /** False if it is not empty and `mayFail`. */
  #tryRemoveDirectory(folder: DirectoryHandle, name: string, mayFail: boolean): boolean {
    try {
      folder.removeDirectory(name);
    } catch (error) {
      if (mayFail && hasErrno(error, 'ENOTEMPTY')) return false;
      throw error;
    }
    this.#removed++;
    return true;
  }
}

function isEmpty(folder: DirectoryHandle, name: string): boolean {
  const inner = folder.openDirectory(name);
  try {
    return inner.readEntries().length === 0;
  } finally {
    inner.close();
  }
}

function mountPoint(what: string): OperationError {
  return new OperationError('FILE_IS_MOUNT_POINT', `Another file system is mounted at ${what}.`);
}
