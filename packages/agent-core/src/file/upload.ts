import type { OpenWrite } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { hex } from '../hex.ts';
import type { FileHandle, Host, Sha256 } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { checkSpace } from './check-space.ts';
import { hashFile } from './hash-file.ts';
import { openOptions } from './open-options.ts';
import { holdPartial, openPartial, partialPath } from './partial-files.ts';
import { syncFolder, syncTimeoutMs } from './sync-folder.ts';
import type { UploadTarget } from './upload-target.ts';
import { writeSparse } from './write-sparse.ts';

/** One file being uploaded. Ended by `commit` or `abandon`. */
export class Upload {
  readonly #host: Host;
  readonly #open: OpenWrite;
  readonly #target: UploadTarget;
  readonly #file: FileHandle;
  /** The partial file while it exists; undefined if the target is written in place. */
  #partial: string | undefined;
  #hash: Sha256 | undefined;
  readonly #startOffset: number;
  #offset: number;
  #closed = false;
  readonly #release: () => void;

  private constructor(
    host: Host,
    open: OpenWrite,
    target: UploadTarget,
    place: { readonly file: FileHandle; readonly partial: string | undefined; readonly offset: number },
  ) {
    this.#host = host;
    this.#open = open;
    this.#target = target;
    this.#file = place.file;
    this.#partial = place.partial;
    this.#startOffset = place.partial === undefined ? place.offset : 0;
    this.#offset = place.offset;
    this.#hash = open.sha256 ? host.bytes.createSha256() : undefined;
    this.#release = place.partial === undefined ? () => undefined : holdPartial(host, place.partial);
  }

  /** Opens the partial file, or the target itself. @throws OperationError GUEST_DISK_FULL; HostError */
  static async begin(host: Host, open: OpenWrite, target: UploadTarget, signal: AbortSignal): Promise<Upload> {
    if (target.inPlace) return Upload.#beginInPlace(host, open, target);
    const id = open.uploadId === '' ? hex(host.bytes.random(8)) : open.uploadId;
    const partial = partialPath(target.folder, target.name, id);
    const opened = openUnlessForbidden(host, partial, open, target);
    if (opened === undefined) return Upload.#beginInPlace(host, open, target);
    const { file, sizeBytes: offset } = opened;
    const upload = new Upload(host, open, target, { file, partial, offset });
    try {
      checkSpace(host, target.folder, Number(open.sizeBytes ?? 0n) - offset);
      if (upload.#hash !== undefined) await hashFile(host, file, { from: 0, to: offset }, upload.#hash, signal);
      return upload;
    } catch (error) {
      upload.abandon(signal.aborted);
      throw error;
    }
  }

  static #beginInPlace(host: Host, open: OpenWrite, target: UploadTarget): Upload {
    const { existing, owner } = target;
    const file = host.files.open(
      target.path,
      openOptions({
        access: open.append || target.isOfKernel ? 'write' : 'read-write',
        create: existing === undefined,
        mode: target.mode,
        append: open.append,
        noSymlinks: open.noSymlinks,
        nonBlocking: target.isStream,
      }),
    );
    if (existing === undefined && owner !== undefined) host.files.chownHandle(file, owner.uid, owner.gid);
    return new Upload(host, open, target, { file, partial: undefined, offset: Number(open.inPlaceOffset ?? 0n) });
  }

  /** Written in place only because the folder cannot be written. */
  get #isWhole(): boolean {
    return this.#open.inPlaceOffset === undefined && !this.#open.append;
  }

  /** The offset of the next chunk. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes of this file that were written, by this call and the earlier ones that it resumed. */
  get bytes(): number {
    return this.#offset - this.#startOffset;
  }

  /** @throws OperationError UPLOAD_GAP; HostError ENOSPC and the like */
  write(offset: number, data: Uint8Array): void {
    if (offset !== this.#offset)
      throw new OperationError('UPLOAD_GAP', `A chunk starts at ${offset}; ${this.#offset} was expected.`);
    const { files } = this.#host;
    if (this.#open.append || this.#target.isStream) files.writeNext(this.#file, data);
    else if (this.#open.sparse) writeSparse(this.#host, this.#file, data, offset);
    else files.write(this.#file, data, offset);
    this.#hash?.update(data);
    this.#offset += data.length;
  }

  /**
   * Replaces the target, and returns the hash if one was computed or is requested.
   * @throws OperationError CHECKSUM_MISMATCH, UPLOAD_GAP, FILE_EXISTS; HostError
   */
  async commit(expected: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#checkComplete();
    this.#extend();
    const digest = await this.#digest(expected.length > 0, signal);
    if (expected.length > 0 && (digest === undefined || hex(expected) !== hex(digest))) {
      this.#discard();
      const found = digest === undefined ? 'data that cannot be read back' : hex(digest);
      throw new OperationError(
        'CHECKSUM_MISMATCH',
        `Checksum mismatch for ${this.#target.path}: the agent computed ${found}.`,
      );
    }
    const { files } = this.#host;
    const { owner, mode, isStream } = this.#target;
    if (this.#partial !== undefined) {
      if (owner !== undefined) files.chownHandle(this.#file, owner.uid, owner.gid);
      // After the owner: chown clears setuid.
      files.chmodHandle(this.#file, mode);
    }
    const { modifiedUnixNs } = this.#open;
    if (modifiedUnixNs !== undefined && this.#isReplaced) files.setModifiedHandle(this.#file, modifiedUnixNs);
    if (!this.#open.noSync && !isStream) await files.sync(this.#file, syncTimeoutMs);
    if (this.#partial !== undefined) await this.#replace(this.#partial);
    else if (this.#isWhole && !isStream && this.#target.existing?.type === 'regular')
      files.truncate(this.#file, this.#offset);
    this.#close();
    return digest;
  }

  /**
   * Closes the files and removes the partial one. It stays only if the caller was lost, of an upload with an id, which
   * can be resumed. Returns whether it stays. Does nothing after `commit`.
   */
  abandon(isLost: boolean): boolean {
    const stays = isLost && this.#open.uploadId !== '' && this.#offset > 0 && this.#partial !== undefined;
    if (stays) {
      this.#extend();
      this.#close();
    } else this.#discard();
    return this.#partial !== undefined;
  }

  /** Holes at the end are a part of what has arrived. */
  #extend(): void {
    if (!this.#open.sparse || this.#partial === undefined) return;
    try {
      this.#host.files.truncate(this.#file, this.#offset);
    } catch (error) {
      // Frozen meanwhile: they are sent again.
      if (!hasErrno(error, 'EFROZEN')) throw error;
    }
  }

  /** A file that gets a time: one that is written whole, and not a setting of the kernel. */
  get #isReplaced(): boolean {
    const { existing, isStream, isOfKernel } = this.#target;
    return this.#partial !== undefined || (this.#isWhole && !isStream && !isOfKernel && existing?.type === 'regular');
  }

  async #replace(partial: string): Promise<void> {
    const { path, folder } = this.#target;
    if (this.#open.mustNotExist && exists(this.#host, path)) {
      this.#discard();
      throw new OperationError('FILE_EXISTS', `${path} was created meanwhile.`);
    }
    try {
      this.#host.files.rename(partial, path);
      this.#partial = undefined;
    } catch (error) {
      // A mount point, such as a file that is mounted into a container, cannot be replaced.
      if (!hasErrno(error, 'EBUSY')) throw error;
      await copyInto(this.#host, this.#file, path, this.#offset);
      this.#discard();
      return;
    }
    if (!this.#open.noSync) await syncFolder(this.#host, folder);
  }

  /** A truncated upload must not replace a complete file. */
  #checkComplete(): void {
    const { sizeBytes } = this.#open;
    if (this.#partial !== undefined && sizeBytes !== undefined && BigInt(this.#offset) < sizeBytes)
      throw new OperationError('UPLOAD_GAP', `Only ${this.#offset} of ${sizeBytes} bytes arrived.`);
  }

  /** The running hash, or that of the file as it is now; undefined if neither exists or is needed. */
  async #digest(isNeeded: boolean, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#hash === undefined && isNeeded && !this.#target.isStream && !this.#open.append) {
      this.#hash = this.#host.bytes.createSha256();
      await hashFile(this.#host, this.#file, { from: this.#startOffset, to: this.#offset }, this.#hash, signal);
    }
    return this.#hash?.digest();
  }

  #discard(): void {
    this.#close();
    if (this.#partial === undefined) return;
    try {
      this.#host.files.unlink(this.#partial);
    } catch (error) {
      // Frozen meanwhile: it can be resumed after the thaw, and is swept like any other.
      if (hasErrno(error, 'EFROZEN')) return;
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
    this.#partial = undefined;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    this.#file.close();
  }
}

function exists(host: Host, path: string): boolean {
  try {
    host.files.stat(path, false);
    return true;
  } catch {
    // ENOENT: does not exist.
    return false;
  }
}

/** undefined if the target exists in a folder in which nothing can be created: it is then written in place. */
function openUnlessForbidden(
  host: Host,
  partial: string,
  open: OpenWrite,
  { existing }: UploadTarget,
): ReturnType<typeof openPartial> | undefined {
  try {
    return openPartial(host, partial, open);
  } catch (error) {
    if (existing !== undefined && hasErrno(error, 'EROFS', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}

/** Overwrites a file with another one's content, and syncs it. */
async function copyInto(host: Host, from: FileHandle, path: string, sizeBytes: number): Promise<void> {
  const { files } = host;
  const file = files.open(path, openOptions({ access: 'write' }));
  try {
    const buffer = new Uint8Array(64 * 1024);
    for (let at = 0; at < sizeBytes; ) {
      const got = files.read(from, buffer, at);
      if (got <= 0) break;
      files.write(file, buffer.subarray(0, got), at);
      at += got;
    }
    files.truncate(file, sizeBytes);
    await files.sync(file, syncTimeoutMs);
  } finally {
    file.close();
  }
}
