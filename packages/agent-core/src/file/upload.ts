import type { OpenWrite } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { FileHandle, Host, Sha256 } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { openOptions } from './open-options.ts';
import { partialPath } from './partial-files.ts';
import type { UploadTarget } from './upload-target.ts';

const syncTimeoutMs = 120_000;
const hashStepBytes = 64 * 1024;

/** One file on its way in. Either `commit` or `abandon` ends it. */
export class Upload {
  readonly #host: Host;
  readonly #open: OpenWrite;
  readonly #target: UploadTarget;
  readonly #file: FileHandle;
  /** The partial file; undefined when the target is written in place. */
  readonly #partial: string | undefined;
  readonly #hash: Sha256 | undefined;
  #offset: number;
  #written = 0;
  #closed = false;

  private constructor(
    host: Host,
    open: OpenWrite,
    target: UploadTarget,
    file: FileHandle,
    partial: string | undefined,
    offset: number,
    hash: Sha256 | undefined,
  ) {
    this.#host = host;
    this.#open = open;
    this.#target = target;
    this.#file = file;
    this.#partial = partial;
    this.#offset = offset;
    this.#hash = hash;
  }

  /** Opens the partial file, or the target itself. */
  static begin(host: Host, open: OpenWrite, target: UploadTarget, needsHash: boolean): Upload {
    const { files } = host;
    const hash = needsHash ? host.bytes.createSha256() : undefined;
    if (target.inPlace) {
      const file = files.open(
        target.path,
        openOptions({
          access: 'write',
          create: true,
          mode: target.mode,
          append: open.append,
          noSymlinks: open.noSymlinks,
          nonBlocking: target.existing?.type === 'fifo',
        }),
      );
      return new Upload(host, open, target, file, undefined, Number(open.inPlaceOffset ?? 0n), hash);
    }
    const id = open.uploadId === '' ? randomId(host) : open.uploadId;
    const partial = partialPath(target.folder, target.name, id);
    const file = openPartial(host, partial, open);
    const offset = open.resume ? files.statHandle(file).sizeBytes : 0;
    const upload = new Upload(host, open, target, file, partial, offset, hash);
    try {
      if (!open.resume) files.truncate(file, 0);
      upload.#checkSpace();
      if (hash !== undefined) upload.#hashWhatIsThere(hash);
      return upload;
    } catch (error) {
      upload.abandon();
      throw error;
    }
  }

  /** Where the next chunk must begin. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes of this file that were written, by this call and by those before that it resumed. */
  get bytes(): number {
    return this.#target.inPlace ? this.#written : this.#offset;
  }

  /** @throws OperationError UPLOAD_GAP; HostError ENOSPC and the like */
  write(offset: number, data: Uint8Array): void {
    if (offset !== this.#offset)
      throw new OperationError('UPLOAD_GAP', `A chunk begins at ${offset}, and ${this.#offset} is next.`);
    const { files } = this.#host;
    const type = this.#target.existing?.type;
    if (this.#open.append || (this.#target.inPlace && type !== 'regular' && type !== 'block' && type !== undefined))
      files.writeNext(this.#file, data);
    else files.write(this.#file, data, offset);
    this.#hash?.update(data);
    this.#offset += data.length;
    this.#written += data.length;
  }

  /** Puts the file in its place, and gives its hash if one was kept. @throws OperationError CHECKSUM_MISMATCH */
  async commit(expected: Uint8Array): Promise<Uint8Array | undefined> {
    const digest = this.#hash?.digest();
    if (expected.length > 0 && !(digest !== undefined && equal(expected, digest))) {
      this.#discard();
      throw new OperationError(
        'CHECKSUM_MISMATCH',
        `${this.#target.path}: what arrived hashes to ${digest === undefined ? 'nothing' : hex(digest)}.`,
      );
    }
    const { files } = this.#host;
    if (this.#partial !== undefined) {
      const { owner, mode } = this.#target;
      if (owner !== undefined) files.chownHandle(this.#file, owner.uid, owner.gid);
      // After the owner: chown takes setuid away.
      files.chmodHandle(this.#file, mode);
    }
    if (!this.#open.noSync && (this.#partial !== undefined || this.#target.existing?.type === 'regular'))
      await files.sync(this.#file, syncTimeoutMs);
    this.#close();
    if (this.#partial !== undefined) {
      this.#replace(this.#partial);
      if (!this.#open.noSync) await this.#syncFolder();
    }
    return digest;
  }

  /** Lets go of it. A partial file that has a name to come back by stays; another is removed. */
  abandon(): void {
    if (this.#closed) return;
    if (this.#partial !== undefined && this.#open.uploadId === '') this.#discard();
    else this.#close();
  }

  #replace(partial: string): void {
    const { files } = this.#host;
    if (this.#open.mustNotExist && exists(this.#host, this.#target.path)) {
      files.unlink(partial);
      throw new OperationError('FILE_EXISTS', `${this.#target.path} was made meanwhile.`);
    }
    files.rename(partial, this.#target.path);
  }

  #checkSpace(): void {
    const size = Number(this.#open.sizeBytes ?? 0n);
    const free = this.#host.files.statVfs(this.#target.folder).availableBytes;
    if (size - this.#offset > free)
      throw new OperationError('GUEST_DISK_FULL', `${size - this.#offset} bytes are to come, and ${free} are free.`);
  }

  #hashWhatIsThere(hash: Sha256): void {
    const buffer = new Uint8Array(hashStepBytes);
    for (let at = 0; at < this.#offset; ) {
      const got = this.#host.files.read(this.#file, buffer, at);
      if (got <= 0) throw new OperationError('FILE_CHANGED', 'The partial file was cut while it was read.');
      hash.update(buffer.subarray(0, got));
      at += got;
    }
  }

  /** So that the rename itself survives a power cut (fsync(2)). */
  async #syncFolder(): Promise<void> {
    const folder = this.#host.files.open(this.#target.folder, openOptions({}));
    try {
      await this.#host.files.sync(folder, syncTimeoutMs);
    } catch (error) {
      // Some file systems cannot sync a folder.
      if (!hasErrno(error, 'EINVAL', 'EBADF')) throw error;
    } finally {
      folder.close();
    }
  }

  #discard(): void {
    this.#close();
    if (this.#partial === undefined) return;
    try {
      this.#host.files.unlink(this.#partial);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }
}

/** Never through a link: a partial file's name can be guessed, and the folder may be anybody's. */
function openPartial(host: Host, partial: string, open: OpenWrite): FileHandle {
  try {
    if (open.resume) {
      const stat = host.files.stat(partial, false);
      if (stat.type === 'regular') return host.files.open(partial, openOptions({ access: 'read-write' }));
    }
    host.files.unlink(partial);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  return host.files.open(
    partial,
    openOptions({ access: 'read-write', create: true, exclusive: true, mode: 0o600, noSymlinks: open.noSymlinks }),
  );
}

function exists(host: Host, path: string): boolean {
  try {
    host.files.stat(path, false);
    return true;
  } catch {
    // ENOENT is the answer.
    return false;
  }
}

function randomId(host: Host): string {
  return hex(host.bytes.random(8));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
