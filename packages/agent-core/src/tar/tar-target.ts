import { OperationError } from '@innkeeper/contract/errors';
import { endsCopy, type TarItem } from '@innkeeper/tar';
import { openOptions } from '../file/open-options.ts';
import { holdPartial, treePartPrefix } from '../file/partial-files.ts';
import { hex } from '../hex.ts';
import type { DirectoryHandle, FileHandle, Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';
import { writeAttributes } from './attributes.ts';
import { SkippedList } from './skipped-list.ts';

const folderMode = 0o755;
const maxDepth = 200;
/** Bytes of attributes of folders that are still being filled. */
const maxHeldBytes = 256 * 1024;
const maxNamedAttributes = 32;

interface PendingFile {
  readonly folder: DirectoryHandle;
  readonly name: string;
  readonly partial: string;
  readonly file: FileHandle;
  readonly item: TarItem;
  /** Lets the partial file be removed as abandoned. */
  readonly release: () => void;
}

export interface TarTargetOptions {
  /** Keep owners, set-user-id bits and attributes. */
  readonly keepOwners: boolean;
  /** Called for each entry that is not created, with the reason. */
  readonly onSkip?: (what: string) => void;
  /** Called with the folder's path in the target before a partial file is created in it. */
  readonly onPartial?: (folder: string) => void;
}

/** A folder whose content follows: its time and attributes are set after that. */
interface FilledFolder {
  readonly parts: readonly string[];
  readonly item: TarItem;
}

/**
 * The directory that an archive is unpacked into. Every component of a name is opened relative to the one before
 * without following links, so nothing lands outside, whatever the archive contains and whatever happens to the tree
 * meanwhile.
 */
export class TarTarget {
  readonly #skipped = new SkippedList();
  readonly #onSkip: (what: string) => void;
  readonly #onPartial: (folder: string) => void;
  readonly #folders: FilledFolder[] = [];
  #heldBytes = 0;
  /** Attributes that could not be set: each is named once. */
  readonly #refused = new Set<string>();
  files = 0;
  readonly #host: Host;
  readonly #root: DirectoryHandle;
  readonly #keepOwners: boolean;
  #pending: PendingFile | undefined;

  constructor(host: Host, root: DirectoryHandle, options: TarTargetOptions) {
    this.#host = host;
    this.#onPartial = options.onPartial ?? (() => undefined);
    this.#onSkip = options.onSkip ?? (() => undefined);
    this.#root = root;
    this.#keepOwners = options.keepOwners;
  }

  /** Entries that were not created, with the reason; at most 100. The last one can be the number of further ones. */
  get skipped(): string[] {
    return this.#skipped.entries;
  }

  /**
   * Creates the item; a file's content follows by `write` and then `finish`. One that cannot be created is left out.
   * @throws OperationError for an archive that is refused; HostError if no further entry can be created
   */
  begin(item: TarItem): void {
    const parts = partsOf(item.path);
    this.#settleFolders(parts);
    const name = parts.pop();
    if (name === undefined) return;
    this.#tryTo(item, () => this.#create(parts, name, item));
  }

  #create(parts: readonly string[], name: string, item: TarItem): void {
    this.#within(parts, (folder) => {
      if (item.typeFlag === '5') this.#makeFolder(folder, [...parts, name], item);
      else if (item.typeFlag === '2') this.#makeLink(folder, name, item);
      else if (item.typeFlag === '1') this.#makeHardLink(folder, name, item);
      else if (item.typeFlag === '0' || item.typeFlag === '7') return this.#open(folder, [...parts, name], item);
      else
        return this.#skip(
          `${item.path}: ${item.typeFlag === 'S' ? 'a sparse file in a form that is not supported' : 'a special file'}`,
        );
    });
  }

  write(bytes: Uint8Array, offset: number): void {
    const pending = this.#pending;
    if (pending !== undefined) this.#tryTo(pending.item, () => this.#host.files.write(pending.file, bytes, offset));
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

  end(): void {
    this.#settleFolders([]);
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
    const { files } = this.#host;
    // The hole at its end.
    if (item.map !== undefined) files.truncate(file, item.sizeBytes);
    if (this.#keepOwners) files.chownHandle(file, item.uid, item.gid);
    files.chmodHandle(file, this.#modeOf(item));
    // After the owner: chown removes capabilities.
    this.#setAttributes(file, item);
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

  /**
   * setuid and setgid belong to the archive's owner; they are not applied to another owner. The sticky bit protects the
   * files in a folder, whoever owns it.
   */
  #modeOf({ mode, typeFlag }: TarItem): number {
    if (this.#keepOwners) return mode;
    return mode & (typeFlag === '5' ? 0o1777 : 0o777);
  }

  #setAttributes(file: FileHandle, { attributes, lostAcl, path }: TarItem): void {
    if (!this.#keepOwners) return;
    const report = (why: string): void => {
      if (this.#refused.has(why) || this.#refused.size >= maxNamedAttributes) return;
      this.#refused.add(why);
      this.#skip(`${path}: ${why} (named once)`);
    };
    writeAttributes(this.#host.files, file, attributes, report);
    if (lostAcl !== undefined) report(`its ACL ${lostAcl}: archive it with --xattrs --xattrs-include=*`);
  }

  /** Times and attributes of the folders that do not contain this path: nothing more is created in them. */
  #settleFolders(parts: readonly string[]): void {
    for (let last = this.#folders.at(-1); last !== undefined; last = this.#folders.at(-1)) {
      const { parts: own, item } = last;
      if (own.length < parts.length && own.every((part, depth) => part === parts[depth])) return;
      this.#folders.pop();
      this.#heldBytes -= attributeBytes(item);
      this.#tryTo(item, () =>
        this.#within(own.slice(0, -1), (folder) => this.#settleFolder(folder, own.at(-1) ?? '.', item)),
      );
    }
  }

  #settleFolder(folder: DirectoryHandle, name: string, item: TarItem): void {
    if (this.#keepOwners && (item.attributes.size > 0 || item.lostAcl !== undefined)) {
      const handle = folder.openFile(name, openOptions({ nonBlocking: true }));
      try {
        this.#setAttributes(handle, item);
      } finally {
        handle.close();
      }
    }
    folder.setModified(name, item.modifiedNs);
  }

  #open(folder: DirectoryHandle, parts: readonly string[], item: TarItem): 'kept' {
    const name = parts.at(-1) ?? '';
    this.#onPartial(parts.slice(0, -1).join('/'));
    const partial = this.#partialName();
    const file = folder.openFile(
      partial,
      openOptions({ access: 'read-write', create: true, exclusive: true, mode: 0o600 }),
    );
    this.#pending = { folder, name, partial, file, item, release: holdPartial(this.#host, partial) };
    return 'kept';
  }

  #makeFolder(folder: DirectoryHandle, parts: readonly string[], item: TarItem): void {
    const name = parts.at(-1) ?? '.';
    try {
      folder.makeDirectory(name, this.#modeOf(item));
    } catch (error) {
      if (!hasErrno(error, 'EEXIST') || folder.stat(name).type !== 'directory') throw error;
    }
    if (this.#keepOwners) folder.setOwner(name, item.uid, item.gid);
    folder.setMode(name, this.#modeOf(item));
    this.files++;
    const bytes = attributeBytes(item);
    const isRoom = this.#heldBytes + bytes <= maxHeldBytes;
    if (!isRoom) this.#skip(`${item.path}: its attributes are not kept: those of the folders above it are too large`);
    this.#heldBytes += isRoom ? bytes : 0;
    this.#folders.push({ parts, item: isRoom ? item : { ...item, attributes: new Map() } });
  }

  #makeLink(folder: DirectoryHandle, name: string, item: TarItem): void {
    const partial = this.#partialName();
    folder.makeSymlink(item.linkTarget, partial);
    this.#place(folder, partial, () => {
      if (this.#keepOwners) folder.setOwner(partial, item.uid, item.gid);
      folder.setModified(partial, item.modifiedNs);
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
    return `${treePartPrefix}${hex(this.#host.bytes.random(8))}.part`;
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
    this.#onSkip(this.#skipped.add(what));
  }
}

function attributeBytes({ attributes }: TarItem): number {
  let bytes = 0;
  for (const [name, value] of attributes) bytes += name.length + value.length;
  return bytes;
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
