import type { Pipe, StdinPipe } from '../host.ts';
import { HostError } from '../host-error.ts';

/** The size of a Linux pipe. */
const capacityBytes = 64 * 1024;

/**
 * A pipe in memory: several writers, one reader; writers wait while it is full, and it ends when the last writer closes
 * it.
 */
export class FakePipe implements Pipe, StdinPipe {
  #buffer = new Uint8Array(0);
  #writers = 1;
  #readerGone = false;
  #callback: ((bytes: Uint8Array | undefined) => void) | undefined;
  #flowing = false;
  #endReported = false;
  #scheduled = false;
  #waiting: (() => void)[] = [];

  /** Whether the agent has closed its end. */
  get isClosed(): boolean {
    return this.#readerGone;
  }

  // The agent's side of an output pipe.

  onData(callback: (bytes: Uint8Array | undefined) => void): void {
    this.#callback = callback;
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    this.#schedule();
  }

  readNow(): Uint8Array | undefined {
    return this.#buffer.length === 0 ? undefined : this.#take();
  }

  /** The agent closes its end: it no longer reads from an output pipe, or writes to an input pipe. */
  close(): void {
    this.#readerGone = true;
    this.#flowing = false;
    this.#wake();
  }

  // The agent's side of an input pipe.

  write(bytes: Uint8Array): number {
    if (this.#writers === 0) throw new HostError('EPIPE', 'write');
    const count = Math.min(bytes.length, capacityBytes - this.#buffer.length);
    this.#append(bytes.subarray(0, count));
    return count;
  }

  onceWritable(callback: () => void): void {
    this.#waiting.push(callback);
  }

  // The program's side.

  /** Writes all, waiting while the pipe is full. @throws HostError EPIPE if the reading end is closed */
  async put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#readerGone) throw new HostError('EPIPE', 'write');
      const count = Math.min(bytes.length - at, capacityBytes - this.#buffer.length);
      if (count > 0) this.#append(bytes.subarray(at, at + count));
      else await this.#change();
      at += count;
    }
  }

  /** The next bytes; undefined at the end. */
  async get(): Promise<Uint8Array | undefined> {
    while (this.#buffer.length === 0) {
      if (this.#readerGone || this.#writers === 0) return undefined;
      await this.#change();
    }
    return this.#take();
  }

  addWriter(): void {
    this.#writers++;
  }

  /** A program that had this end open has closed it. */
  dropWriter(): void {
    this.#writers = Math.max(0, this.#writers - 1);
    this.#schedule();
    this.#wake();
  }

  #append(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#buffer.length + bytes.length);
    joined.set(this.#buffer);
    joined.set(bytes, this.#buffer.length);
    this.#buffer = joined;
    this.#schedule();
    this.#wake();
  }

  #take(): Uint8Array {
    const bytes = this.#buffer;
    this.#buffer = new Uint8Array(0);
    this.#wake();
    return bytes;
  }

  /** Deferred, as in an event loop: never within the call that made it ready. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#flowing || this.#callback === undefined || this.#endReported) return;
      if (this.#buffer.length > 0) {
        this.#callback(this.#take());
        this.#schedule();
      } else if (this.#writers === 0) {
        this.#endReported = true;
        this.#callback(undefined);
      }
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
