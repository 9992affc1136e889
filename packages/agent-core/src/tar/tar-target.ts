import { OperationError } from '@innkeeper/contract/errors';
import { maxSkippedEntries, maxSkippedEntryChars } from '@innkeeper/contract/limits';
import { endsCopy, type TarItem } from '@innkeeper/tar';
import { openOptions } from '../file/open-options.ts';
import { holdPartial } from '../file/partial-files.ts';
import { hex } from '../hex.ts';
import type { DirectoryHandle, FileHandle, Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';

const folderMode = 0o755;
const maxDepth = 200;
/** One less than the maximum: the last line is the number of further ones. */
const maxSkipped = maxSkippedEntries - 1;

interface PendingFile {
  readonly folder: DirectoryHandle;
  readonly name: string;
  readonly partial: string;
  readonly file: FileHandle;
  readonly item: TarItem;
  /** Lets the partial file be removed as abandoned. */
  readonly release: () => void;
  at: number;
}

/**
 * The directory that an archive is unpacked into. Every component of a name is opened relative to the one before
 * without following links, so nothing lands outside, whatever the archive contains and whatever happens to the tree
 * meanwhile.
 */
export class TarTarget {
  readonly #skipped: string[] = [];
  /** Entries left out beyond the list. */
  #unlisted = 0;
  files = 0;
  readonly #host: Host;
  readonly #root: DirectoryHandle;
  readonly #keepOwners: boolean;
  #pending: PendingFile | undefined;

  constructor(host: Host, root: DirectoryHandle, options: { readonly keepOwners: boolean }) {
    this.#host = host;
    this.#root = root;
    this.#keepOwners = options.keepOwners;
  }

  /** Entries that were not created, with the reason; at most 100. The last one can be the number of further ones. */
  get skipped(): string[] {
    return this.#unlisted > 0 ? [...this.#skipped, `${this.#unlisted} more entries`] : this.#skipped;
  }

  /**
   * Creates the item; a file's content follows by `write` and then `finish`. One that cannot be created is left out.
   * @throws OperationError for an archive that is refused; HostError if no further entry can be created
   */
  begin(item: TarItem): void {
    const parts = partsOf(item.path);
    const name = parts.pop();
    if (name === undefined) return;
    this.#tryTo(item, () => this.#create(parts, name, item));
  }

  #create(parts: readonly string[], name: string, item: TarItem): void {
    this.#within(parts, (folder) => {
      if (item.typeFlag === '5') this.#makeFolder(folder, name, item);
      else if (item.typeFlag === '2') this.#makeLink(folder, name, item);
      else if (item.typeFlag === '1') this.#makeHardLink(folder, name, item);
      else if (item.typeFlag === '0' || item.typeFlag === '7') return this.#open(folder, name, item);
      else return this.#skip(`${item.path}: ${item.typeFlag === 'S' ? 'a sparse file of GNU tar' : 'a special file'}`);
    });
  }

  write(bytes: Uint8Array): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#tryTo(pending.item, () => this.#host.files.write(pending.file, bytes, pending.at));
    pending.at += bytes.length;
  }

  /** The content is complete: renames the file to its name. */
  finish(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#tryTo(pending.item, () => {
      this.#settle(pending);
      this.files++;
    });
  }

  /** Removes an incomplete file, and closes the directories. */
  close(): void {
    try {
      this.#abandon();
    } finally {
      this.#root.close();
    }
  }

  /** An entry that the file system refuses is left out, and its partial file removed. */
  #tryTo(item: TarItem, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isHostError(error) || endsCopy(error.errno)) throw error;
      this.#abandon();
      this.#skip(`${item.path}: could not be created: ${error.errno}`);
    }
  }

  #settle(pending: PendingFile): void {
    const { folder, name, partial, file, item } = pending;
    if (this.#keepOwners) this.#host.files.chownHandle(file, item.uid, item.gid);
    this.#host.files.chmodHandle(file, this.#modeOf(item));
    folder.setModified(partial, item.modifiedNs);
    folder.rename(partial, folder, name, true);
    this.#pending = undefined;
    pending.release();
    file.close();
    folder.close();
  }

  #abandon(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    pending.release();
    pending.file.close();
    try {
      removeIfThere(pending.folder, pending.partial);
    } finally {
      pending.folder.close();
    }
  }

  /** setuid and setgid belong to the archive's owner; they are not applied to another owner. */
  #modeOf({ mode }: TarItem): number {
    return this.#keepOwners ? mode : mode & 0o777;
  }

  #open(folder: DirectoryHandle, name: string, item: TarItem): 'kept' {
    const partial = this.#partialName();
    const file = folder.openFile(
      partial,
      openOptions({ access: 'read-write', create: true, exclusive: true, mode: 0o600 }),
    );
    this.#pending = { folder, name, partial, file, item, release: holdPartial(this.#host, partial), at: 0 };
    return 'kept';
  }

  #makeFolder(folder: DirectoryHandle, name: string, item: TarItem): void {
    try {
      folder.makeDirectory(name, this.#modeOf(item));
    } catch (error) {
      if (!hasErrno(error, 'EEXIST') || folder.stat(name).type !== 'directory') throw error;
    }
    if (this.#keepOwners) folder.setOwner(name, item.uid, item.gid);
    folder.setMode(name, this.#modeOf(item));
    this.files++;
  }

  #makeLink(folder: DirectoryHandle, name: string, item: TarItem): void {
    const partial = this.#partialName();
    folder.makeSymlink(item.linkTarget, partial);
    this.#place(folder, partial, () => {
      if (this.#keepOwners) folder.setOwner(partial, item.uid, item.gid);
      folder.rename(partial, folder, name, true);
    });
    this.files++;
  }

  /**
   * Within the directory, like everything else: both paths are opened component by component, and only regular files
   * are linked.
   */
  #makeHardLink(folder: DirectoryHandle, name: string, item: TarItem): void {
    const parts = partsOf(item.linkTarget);
    const source = parts.pop();
    if (source === undefined) throw malformed('a hard link without a target');
    const partial = this.#partialName();
    this.#within(parts, (from) => {
      try {
        from.link(source, folder, partial);
      } catch (error) {
        if (!hasErrno(error, 'EPERM', 'EOPNOTSUPP', 'EMLINK', 'EXDEV')) throw error;
        this.#skip(`${item.path}: a hard link, which this file system does not support`);
        return;
      }
      this.#place(folder, partial, () => {
        if (folder.stat(partial).type !== 'regular')
          throw malformed(`a hard link to ${item.linkTarget.slice(0, 100)}, which is not a regular file`);
        folder.rename(partial, folder, name, true);
        // rename(2) between two names of one file does nothing.
        removeIfThere(folder, partial);
        this.files++;
      });
    });
  }

  /** Removes the partial entry if `work` fails. */
  #place(folder: DirectoryHandle, partial: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      removeIfThere(folder, partial);
      throw error;
    }
  }

  /** Named like those of uploads, so that leftovers of a crash are removed in the same way. Not guessable. */
  #partialName(): string {
    return `.tar.innkeeper-${hex(this.#host.bytes.random(8))}.part`;
  }

  /**
   * Opens the directories of a path, creating missing ones. The last one is closed after `work` unless that keeps it.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most work returns nothing.
  #within(parts: readonly string[], work: (folder: DirectoryHandle) => 'kept' | void): void {
    let folder = this.#root.openDirectory('.');
    try {
      for (const part of parts) {
        const next = openOrMake(folder, part);
        folder.close();
        folder = next;
      }
      if (work(folder) === 'kept') return;
    } catch (error) {
      folder.close();
      throw error;
    }
    folder.close();
  }

  #skip(what: string): void {
    if (this.#skipped.length < maxSkipped) this.#skipped.push(what.slice(0, maxSkippedEntryChars));
    else this.#unlisted++;
  }
}

/** The entry may be gone, or a hostile guest may have put a directory there: the work itself is already done. */
function removeIfThere(folder: DirectoryHandle, name: string): void {
  try {
    folder.unlink(name);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EISDIR', 'EPERM')) throw error;
  }
}

function openOrMake(folder: DirectoryHandle, name: string): DirectoryHandle {
  try {
    return folder.openDirectory(name);
  } catch (error) {
    if (hasErrno(error, 'ELOOP')) throw symlinkInTheWay(name);
    if (hasErrno(error, 'ENOTDIR') && folder.stat(name).type === 'symlink') throw symlinkInTheWay(name);
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  folder.makeDirectory(name, folderMode);
  return folder.openDirectory(name);
}

function symlinkInTheWay(name: string): OperationError {
  return new OperationError('FILE_SYMLINK_REFUSED', `"${name}" in the path is a symbolic link, which is not followed.`);
}

/** Absolute names become relative, as with tar(1); ".." is refused. */
function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw malformed(`the name "${path.slice(0, 100)}", which contains ".."`);
  if (parts.length > maxDepth) throw malformed(`a name with more than ${maxDepth} components`);
  return parts;
}

function malformed(what: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', `The archive contains ${what}.`);
}
