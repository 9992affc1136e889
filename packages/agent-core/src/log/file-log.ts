import { OperationError } from '@innkeeper/contract/errors';
import { checkPath } from '../file/check-path.ts';
import { openOptions } from '../file/open-options.ts';
import type { FileHandle, FileStat, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { LineSplitter } from '../lines/line-splitter.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import type { LogFeed } from './log-feed.ts';
import { pauseFor } from './pause-for.ts';
import { isAt, openRotated, type Place, placeOf } from './rotated-file.ts';

const newline = 0x0a;
const pieceBytes = 64 * 1024;
/** How far back from the end of a file its last lines are searched. */
const maxBackBytes = 8 * 1024 * 1024;
const maxLineBytes = 32 * 1024;
const pollMs = 500;

/** The end of a text file, and what is written to it: by its path, so that the next file is read after a rotation. */
export class FileLog {
  readonly #host: Host;
  readonly #path: string;
  readonly #feed: LogFeed;
  readonly #signal: AbortSignal;
  readonly #piece = new Uint8Array(pieceBytes);
  #file: FileHandle | undefined;
  #stat: FileStat | undefined;
  #offset = 0;
  #splitter = new LineSplitter(maxLineBytes);

  /** @throws OperationError INVALID_PATH */
  constructor(host: Host, path: string, feed: LogFeed, signal: AbortSignal) {
    this.#host = host;
    this.#path = checkPath(path);
    this.#feed = feed;
    this.#signal = signal;
  }

  /** @param cursor "device:inode:offset". Rejects with INVALID_ARGUMENT, HostError */
  async read(cursor: string, follow: boolean): Promise<void> {
    try {
      const stat = this.#open();
      const place = placeOf(cursor);
      if (place === undefined) this.#offset = await this.#findStart(stat.sizeBytes);
      else if (isAt(stat, place)) this.#offset = place.offset;
      else {
        await this.#readRotated(place);
        this.#feed.rotate();
      }
      this.#feed.begin(this.#cursorAt(this.#offset));
      await this.#readOn();
      // The last line may be without its end, if nobody writes on.
      if (!follow) await this.#offer(this.#splitter.finish(), this.#offset);
      await this.#feed.endBacklog();
      while (follow) {
        await pauseFor(this.#host, pollMs, this.#signal);
        await this.#followPath();
        await this.#feed.flush();
      }
    } finally {
      this.#file?.close();
    }
  }

  #open(): FileStat {
    return this.#use(this.#host.files.open(this.#path, openOptions({ nonBlocking: true })));
  }

  #use(file: FileHandle): FileStat {
    const stat = this.#host.files.statHandle(file);
    if (stat.type !== 'regular') {
      file.close();
      throw new OperationError('INVALID_ARGUMENT', `${this.#path} is not a regular file.`);
    }
    this.#file?.close();
    [this.#file, this.#stat, this.#offset] = [file, stat, 0];
    this.#splitter = new LineSplitter(maxLineBytes);
    return stat;
  }

  /** What a reader that was away has not read of the file that was here before: it has another name in the folder now. */
  async #readRotated(place: Place): Promise<void> {
    const file = openRotated(this.#host, this.#path, place);
    if (file === undefined) return;
    this.#use(file);
    this.#offset = place.offset;
    await this.#readOn();
    await this.#offer(this.#splitter.finish(), this.#offset);
    await this.#feed.flush();
    this.#open();
  }

  /** What was written; then whether the path is another file by now, or the file was truncated. */
  async #followPath(): Promise<void> {
    await this.#readOn();
    let now: FileStat;
    try {
      now = this.#host.files.stat(this.#path, true);
    } catch (error) {
      // Between the removal of the old file and the creation of the new one.
      if (hasErrno(error, 'ENOENT')) return;
      throw error;
    }
    const isOther = now.inode !== this.#stat?.inode || now.deviceId !== this.#stat.deviceId;
    if (!isOther && now.sizeBytes >= this.#offset) return;
    // Of the old file, written since.
    if (isOther) await this.#readOn();
    await this.#offer(this.#splitter.finish(), this.#offset);
    await this.#feed.flush();
    this.#open();
    this.#feed.begin(this.#cursorAt(0));
    this.#feed.rotate();
    await this.#readOn();
  }

  /** From the offset to the end. */
  async #readOn(): Promise<void> {
    for (;;) {
      const count = this.#readAt(this.#offset, pieceBytes);
      if (count === 0) return;
      // The cursor of a line is its own end: a reader continues there, and gets the begun line after it as a whole.
      let at = 0;
      for (let end = this.#lineEnd(at, count); end > 0; end = this.#lineEnd(at, count)) {
        await this.#offer(this.#splitter.push(this.#piece.subarray(at, end)), this.#offset + end);
        at = end;
      }
      this.#splitter.push(this.#piece.subarray(at, count));
      this.#offset += count;
      await yieldToLoop(this.#host, this.#signal);
    }
  }

  /** Where the next line ends in the piece; 0: not in it. */
  #lineEnd(from: number, count: number): number {
    return this.#piece.subarray(0, count).indexOf(newline, from) + 1;
  }

  async #offer(lines: readonly string[], end: number): Promise<void> {
    for (const message of lines) await this.#feed.offer({ message }, this.#cursorAt(end));
  }

  #cursorAt(offset: number): string {
    const { deviceId = 0, inode = 0 } = this.#stat ?? {};
    return `${deviceId}:${inode}:${offset}`;
  }

  /** Where the last lines begin: of all that are searched, or as many as are wanted. */
  async #findStart(sizeBytes: number): Promise<number> {
    const least = Math.max(sizeBytes - maxBackBytes, 0);
    if (this.#feed.searches) return least;
    if (this.#feed.wanted === 0) return sizeBytes;
    // One more: the line end before the first line.
    let left = this.#feed.wanted + 1;
    let isLast = true;
    for (let end = sizeBytes; end > least; ) {
      const start = Math.max(end - pieceBytes, least);
      const bytes = this.#piece.subarray(0, this.#readAt(start, end - start));
      for (let at = bytes.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)) {
        // A line without its end counts too.
        if (isLast && start + at + 1 < sizeBytes) left -= 1;
        isLast = false;
        left -= 1;
        if (left <= 0) return start + at + 1;
      }
      end = start;
      await yieldToLoop(this.#host, this.#signal);
    }
    return least;
  }

  #readAt(offset: number, most: number): number {
    const { files } = this.#host;
    return this.#file === undefined ? 0 : files.read(this.#file, this.#piece.subarray(0, most), offset);
  }
}
