import { pause } from '@innkeeper/kit';
import { hex } from '../hex.ts';
import type { FileHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { openOptions } from './open-options.ts';

/** Kept in memory up to here; most contents are smaller. */
export const spoolMemoryBytes = 64 * 1024;
/** Where the rest goes, if it can: disks first, since memory is what is short. */
const folders = ['/var/tmp', '/tmp', '/run'];
/** Between tries to write while file systems are frozen. */
const againMs = 500;

/** Bytes that are written once and then read: in memory if they are few, else in a file without a name. */
export class Spool {
  readonly #host: Host;
  #pieces: Uint8Array[] = [];
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #memoryBytes = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  get bytes(): number {
    return this.#fileBytes + this.#memoryBytes;
  }

  /** Copies the bytes. Waits while file systems are frozen. @throws HostError ENOSPC and the like */
  async append(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#file === undefined && this.#memoryBytes + bytes.length <= spoolMemoryBytes) {
      this.#pieces.push(bytes.slice());
      this.#memoryBytes += bytes.length;
      return;
    }
    const kept = this.#file === undefined ? bytes.slice() : bytes;
    while (!this.#tryWrite(kept)) {
      await pause(this.#host.clock, againMs, signal);
      signal?.throwIfAborted();
    }
  }

  /** All bytes up to `limit`, in pieces that are valid until the next one is pulled. */
  *read(limit = this.bytes): Generator<Uint8Array, void> {
    const buffer = this.#file === undefined ? undefined : new Uint8Array(Math.min(48 * 1024, limit));
    let left = limit;
    let at = 0;
    while (buffer !== undefined && this.#file !== undefined && at < this.#fileBytes && left > 0) {
      const got = this.#host.files.read(this.#file, buffer.subarray(0, Math.min(buffer.length, left)), at);
      if (got <= 0) return;
      at += got;
      left -= got;
      yield buffer.subarray(0, got);
    }
    for (const piece of this.#pieces) {
      if (left <= 0) return;
      yield piece.subarray(0, left);
      left -= piece.length;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#pieces = [];
    this.#fileBytes = 0;
    this.#memoryBytes = 0;
  }

  /** False while file systems are frozen. */
  #tryWrite(bytes: Uint8Array): boolean {
    try {
      const file = this.#file ?? this.#createFile();
      this.#file = file;
      // A write that fails leaves in memory what is not in the file.
      for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
        this.#writeTo(file, piece);
        this.#pieces.shift();
        this.#memoryBytes -= piece.length;
      }
      this.#writeTo(file, bytes);
      return true;
    } catch (error) {
      if (hasErrno(error, 'EFROZEN')) return false;
      throw error;
    }
  }

  #writeTo(file: FileHandle, bytes: Uint8Array): void {
    this.#host.files.write(file, bytes, this.#fileBytes);
    this.#fileBytes += bytes.length;
  }

  #createFile(): FileHandle {
    const { files, bytes } = this.#host;
    const name = `.innkeeper-${hex(bytes.random(12))}`;
    const options = { access: 'read-write', create: true, exclusive: true, mode: 0o600 } as const;
    let failure: unknown;
    for (const folder of folders) {
      try {
        const file = files.open(`${folder}/${name}`, openOptions(options));
        files.unlink(`${folder}/${name}`);
        return file;
      } catch (error) {
        if (hasErrno(error, 'EFROZEN')) throw error;
        // EROFS, ENOENT: the next one may do.
        failure = error;
      }
    }
    throw failure;
  }
}
