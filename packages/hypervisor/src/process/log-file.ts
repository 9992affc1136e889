import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { stat, truncate, writeFile } from 'node:fs/promises';
import { kib } from '@innkeeper/kit';
import { openRegularFile } from '@innkeeper/kit/node';

const maxLogBytes = 256 * kib;
const keptLogBytes = 64 * kib;
const lastLinesBytes = 4 * kib;

/**
 * The output of a hypervisor's process. The process writes the file itself, so that it also works without a daemon; a
 * watching daemon limits the file to 256 KiB. Without one the file could grow, but a guest cannot make QEMU print much:
 * guest errors are only logged with -d guest_errors, which is never used.
 */
export class LogFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Empties the file and passes `use` a descriptor for a child's output. Appending, so that truncation leaves no hole.
   */
  openForChild<T>(use: (descriptor: number) => T): T {
    // Non-blocking: the file may have been replaced by a FIFO.
    const waitless = constants.O_NONBLOCK | constants.O_NOCTTY;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND | waitless;
    const descriptor = openSync(this.#path, flags, 0o600);
    try {
      if (!fstatSync(descriptor).isFile()) throw new Error(`${this.#path} is not a regular file`);
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** The last 4 KiB, from the start of a line, without control characters. Empty if there is no log. */
  async lastLines(): Promise<string> {
    const tail = await this.#readTail(lastLinesBytes);
    const text = tail.toString('utf8');
    const whole = tail.length < lastLinesBytes ? text : text.slice(text.indexOf('\n') + 1);
    // Keeps the tab and the line feed.
    return whole.replaceAll(/[^\P{Cc}\n\t]/gu, '').trim();
  }

  /** Cuts a file that grew beyond 256 KiB to its last 64 KiB. Output printed at that moment may be lost. */
  async trim(): Promise<void> {
    const size = await this.#size();
    if (size <= maxLogBytes) return;
    const tail = await this.#readTail(keptLogBytes);
    await truncate(this.#path, 0);
    await writeFile(this.#path, tail, { flag: 'a' });
  }

  async #size(): Promise<number> {
    try {
      return (await stat(this.#path)).size;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  async #readTail(bytes: number): Promise<Buffer> {
    const size = await this.#size();
    if (size === 0) return Buffer.alloc(0);
    await using file = await openRegularFile(this.#path);
    const length = Math.min(bytes, size);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
