import type { RemoveFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { hex } from '../hex.ts';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { namePath, openPlace, type Place } from './normal-path.ts';

/** Open folders at once. Deeper ones are moved up first: a hostile tree may be a million folders deep. */
const maxDepth = 64;

/**
 * Removes a file, or a folder with all that is in it. Gives how many were removed; when it fails in the middle, what was
 * removed stays so.
 * @throws OperationError INVALID_PATH, FILE_IS_DIRECTORY, FILE_IS_MOUNT_POINT, FILE_SYMLINK_REFUSED; HostError
 */
export async function removeFile(host: Host, request: RemoveFileRequest, signal: AbortSignal): Promise<number> {
  let place: Place;
  try {
    place = openPlace(host, request.path, request);
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
      throw new OperationError('FILE_IS_DIRECTORY', `${path} is a folder that is not empty: ask for "recursive".`);
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

  /** In rounds: what was moved up, or was missed or made while the folder was read, is left for the next one. */
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
      // Somebody else removed it meanwhile.
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
      // The next round comes to it. The name cannot be guessed, so nobody can have put something there.
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

  /** False when it still has something in it, and `mayFail`. */
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
