import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TarItem } from '@innkeeper/tar';
import { writeAttributes } from './attributes.ts';
import { secondsOf } from './file-times.ts';
import { newPartName } from './part-files.ts';
import { entryAt, type Place, wrongType } from './place.ts';

const bufferBytes = 256 * 1024;
/** How long a full FIFO is waited for. */
const maxWaitMs = 30_000;
const waitMs = 20;
/** A link is never followed, and a FIFO that nobody reads is an error (ENXIO). */
const inPlaceFlags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A file of a tree that is being written: by a part beside it, or in place. Ended by `finish` or `abandon`. */
export class TreeFile {
  readonly place: Place;
  readonly item: TarItem;
  readonly #fd: number;
  /** Undefined if it is written in place. */
  readonly #partName: string | undefined;
  readonly #isStream: boolean;
  #streamAt = 0;
  #isOver = false;

  private constructor(place: Place, item: TarItem, fd: number, partName: string | undefined) {
    this.place = place;
    this.item = item;
    this.#fd = fd;
    this.#partName = partName;
    const stats = fstatSync(fd);
    this.#isStream = !stats.isFile();
    // Its holes must be zeros.
    if (partName === undefined && stats.isFile() && item.map !== undefined) ftruncateSync(fd, 0);
  }

  /** @param cutsLinks replaces a file with several names instead of writing it in place */
  static open(place: Place, item: TarItem, { cutsLinks }: { readonly cutsLinks: boolean }): TreeFile {
    const { existing, folder, name } = place;
    const isPlain = existing === undefined || (existing.isFile() && (existing.nlink === 1n || cutsLinks));
    const inPlace = (): TreeFile => new TreeFile(place, item, openSync(folder.at(name), inPlaceFlags), undefined);
    if (!isPlain) return inPlace();
    const partName = newPartName();
    try {
      return new TreeFile(place, item, openSync(folder.at(partName), 'wx+', 0o600), partName);
    } catch (error) {
      // In a folder that cannot be written, a file may still be.
      if (existing === undefined || !['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error))) throw error;
      return inPlace();
    }
  }

  /** Its path, for messages. */
  get path(): string {
    return join(this.place.folder.path, this.place.name);
  }

  get isInPlace(): boolean {
    return this.#partName === undefined;
  }

  /** Which file it is: device and inode. */
  get identity(): string {
    const { dev, ino } = fstatSync(this.#fd, { bigint: true });
    return `${dev}:${ino}`;
  }

  write(bytes: Uint8Array, offset: number): void {
    if (this.#isStream) this.#stream(bytes, offset);
    else for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
  }

  /** The content is complete. @param onAttribute is called for attributes that could not be set */
  finish(keepOwners: boolean, onAttribute: (why: string) => void): void {
    const { item, place } = this;
    const { existing, folder, name } = place;
    if (this.#isStream) {
      this.#stream(new Uint8Array(0), item.sizeBytes);
      this.#close();
      return;
    }
    ftruncateSync(this.#fd, item.sizeBytes);
    if (keepOwners) {
      fchownSync(this.#fd, item.uid, item.gid);
      fchmodSync(this.#fd, item.mode);
      writeAttributes(this.#fd, item.attributes, onAttribute);
    } else if (this.#partName !== undefined) {
      // A file that is replaced keeps its mode, and for root its owner.
      if (existing !== undefined) attemptToOwn(this.#fd, Number(existing.uid), Number(existing.gid));
      fchmodSync(this.#fd, existing === undefined ? item.mode & 0o777 : Number(existing.mode) & 0o7777);
    }
    this.#setTime(this.#fd);
    if (this.#partName !== undefined) {
      if (entryAt(folder, name)?.isDirectory() === true) throw wrongType(this.path);
      try {
        renameSync(folder.at(this.#partName), folder.at(name));
      } catch (error) {
        // A mount point cannot be replaced.
        if (existing === undefined || errnoOf(error) !== 'EBUSY') throw error;
        this.#copyInPlace();
        rmSync(folder.at(this.#partName), { force: true });
      }
    }
    this.#close();
  }

  /** Removes the part; what was written in place stays. */
  abandon(): void {
    if (this.#isOver) return;
    try {
      if (this.#partName !== undefined) rmSync(this.place.folder.at(this.#partName), { force: true });
    } finally {
      this.#close();
    }
  }

  #close(): void {
    this.#isOver = true;
    closeSync(this.#fd);
    if (this.place.isOwned) this.place.folder.close();
  }

  #setTime(fd: number): void {
    const seconds = secondsOf(this.item.modifiedNs);
    futimesSync(fd, seconds, seconds);
  }

  #copyInPlace(): void {
    const target = openSync(this.place.folder.at(this.place.name), inPlaceFlags);
    try {
      const buffer = new Uint8Array(bufferBytes);
      let at = 0;
      for (;;) {
        const got = readSync(this.#fd, buffer, 0, buffer.length, at);
        if (got === 0) break;
        for (let done = 0; done < got; ) done += writeSync(target, buffer, done, got - done, at + done);
        at += got;
      }
      ftruncateSync(target, at);
      this.#setTime(target);
    } finally {
      closeSync(target);
    }
  }

  /** Zeros up to the offset, then the bytes. */
  #stream(bytes: Uint8Array, offset: number): void {
    while (this.#streamAt < offset) this.#push(new Uint8Array(Math.min(bufferBytes, offset - this.#streamAt)));
    this.#push(bytes);
  }

  #push(bytes: Uint8Array): void {
    let waitedMs = 0;
    for (let at = 0; at < bytes.length; )
      try {
        at += writeSync(this.#fd, bytes, at);
        waitedMs = 0;
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN' || waitedMs > maxWaitMs) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
        waitedMs += waitMs;
      }
    this.#streamAt += bytes.length;
  }
}

/** Only root may keep another owner. */
function attemptToOwn(fd: number, uid: number, gid: number): void {
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // EPERM: it becomes the user's.
  }
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
