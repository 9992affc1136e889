import {
  type Extent,
  maxCredibleBytes,
  maxExtents,
  maxUnsizedBytes,
  paddedBytes,
  type SparseMap,
} from '@innkeeper/tar';
import type { FileHandle, FileStat, Files } from '../host.ts';
import { HostError, isHostError } from '../host-error.ts';

const firstReadBytes = 64 * 1024;
/** Some files of the kernel are only read in whole words or pages. */
const pageBytes = 4096;

/** The content of a file in an archive, padded to whole blocks. Closed by its owner. */
export class PackedFile {
  readonly #files: Files;
  readonly #handle: FileHandle;
  /** Its whole content, if it was read before its header. */
  readonly #content: Uint8Array | undefined;
  readonly #parts: readonly Extent[];
  readonly sizeBytes: number;
  /** The parts that are in the archive; undefined: all of it. */
  readonly map: SparseMap | undefined;
  #part = 0;
  /** Place in that part. */
  #at = 0;
  #paddingLeft: number;

  private constructor(
    files: Files,
    handle: FileHandle,
    facts: { readonly sizeBytes: number; readonly content?: Uint8Array; readonly map?: SparseMap | undefined },
  ) {
    this.#files = files;
    this.#handle = handle;
    this.#content = facts.content;
    this.sizeBytes = facts.sizeBytes;
    this.map = facts.map;
    this.#parts = facts.map ?? (facts.sizeBytes === 0 ? [] : [{ offset: 0, sizeBytes: facts.sizeBytes }]);
    const bytes = this.#parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    this.#paddingLeft = paddedBytes(bytes) - bytes;
  }

  /** undefined for a file without an end. @throws HostError */
  static open(files: Files, handle: FileHandle, options: { readonly sparse: boolean }): PackedFile | undefined {
    const stat = files.statHandle(handle);
    const content = contentOf(files, handle, stat);
    if (content === 'endless') return undefined;
    if (content !== undefined) return new PackedFile(files, handle, { sizeBytes: content.length, content });
    const { sizeBytes, allocatedBytes } = stat;
    const map = options.sparse && allocatedBytes < sizeBytes ? mapOf(files, handle, sizeBytes) : undefined;
    return new PackedFile(files, handle, { sizeBytes, map });
  }

  /**
   * Writes the next bytes into `into`; 0 at the end. Unreadable content becomes zeros, since the size is already in the
   * archive; `report` gets the reason.
   */
  fill(into: Uint8Array, report: (why: string) => void): number {
    const part = this.#parts[this.#part];
    if (part === undefined) {
      const padding = into.subarray(0, this.#paddingLeft).fill(0);
      this.#paddingLeft -= padding.length;
      return padding.length;
    }
    const piece = into.subarray(0, part.sizeBytes - this.#at);
    piece.fill(0, this.#read(piece, part.offset + this.#at, report));
    this.#at += piece.length;
    if (this.#at === part.sizeBytes) {
      this.#part++;
      this.#at = 0;
    }
    return piece.length;
  }

  close(): void {
    this.#handle.close();
  }

  #read(into: Uint8Array, offset: number, report: (why: string) => void): number {
    if (this.#content !== undefined) {
      into.set(this.#content.subarray(offset, offset + into.length));
      return into.length;
    }
    try {
      let filled = 0;
      while (filled < into.length) {
        const got = readAt(this.#files, this.#handle, into.subarray(filled), offset + filled);
        if (got === 0) {
          report('was truncated while it was read');
          break;
        }
        filled += got;
      }
      return filled;
    } catch (error) {
      if (!isHostError(error)) throw error;
      report(`could not be read: ${error.errno}`);
      return 0;
    }
  }
}

/**
 * The size of files that the kernel generates is only known when they have been read: stat reports 0 in /proc, 4096 in
 * /sys, and 128 TiB for /proc/kcore. None of them has blocks; neither has a file that is one hole, whose size is true.
 */
function contentOf(
  files: Files,
  handle: FileHandle,
  { allocatedBytes, sizeBytes }: FileStat,
): Uint8Array | 'endless' | undefined {
  if (allocatedBytes > 0 || isOneHole(files, handle, sizeBytes)) return undefined;
  let content = new Uint8Array(firstReadBytes);
  for (let at = 0; ; ) {
    const got = readAt(files, handle, content.subarray(at), at);
    if (got === 0) return content.subarray(0, at);
    at += got;
    if (at > maxUnsizedBytes) return sizeBytes >= at && sizeBytes < maxCredibleBytes ? undefined : 'endless';
    if (at < content.length) continue;
    const larger = new Uint8Array(Math.min(content.length * 4, maxUnsizedBytes + pageBytes));
    larger.set(content);
    content = larger;
  }
}

function isOneHole(files: Files, handle: FileHandle, sizeBytes: number): boolean {
  if (sizeBytes === 0) return false;
  try {
    return files.nextData(handle, 0) === undefined;
  } catch {
    // EINVAL and the like: not a file with holes.
    return false;
  }
}

/** undefined without holes, or where the file system does not report them. */
function mapOf(files: Files, handle: FileHandle, sizeBytes: number): SparseMap | undefined {
  const map: Extent[] = [];
  try {
    for (let at = 0; at < sizeBytes; ) {
      const start = files.nextData(handle, at);
      if (start === undefined || start >= sizeBytes) break;
      const hole = map.length === maxExtents - 1 ? sizeBytes : files.nextHole(handle, start);
      at = hole > start ? Math.min(hole, sizeBytes) : sizeBytes;
      map.push({ offset: start, sizeBytes: at - start });
    }
  } catch (error) {
    if (!isHostError(error)) throw error;
    return undefined;
  }
  return map[0]?.sizeBytes === sizeBytes ? undefined : map;
}

function readAt(files: Files, handle: FileHandle, into: Uint8Array, offset: number): number {
  const got = files.read(handle, into, offset);
  if (got < 0) throw new HostError('EAGAIN', 'read');
  return got;
}
