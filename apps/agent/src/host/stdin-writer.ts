import type { StdinPipe } from '@innkeeper/agent-core';
import * as host from 'host';

/** The writing end of a pipe, or a terminal. Watched only while a write waits for room. */
export class StdinWriter implements StdinPipe {
  readonly #fd: number;
  #slot: number | undefined;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** -1 if it is closed. */
  get descriptor(): number {
    return this.#closed ? -1 : this.#fd;
  }

  write(bytes: Uint8Array): number {
    return this.#closed ? 0 : host.write(this.#fd, bytes, 0, bytes.length, -1);
  }

  onceWritable(callback: () => void): void {
    if (this.#closed || this.#slot !== undefined) return;
    this.#slot = host.watch(this.#fd, 2, () => {
      this.#unwatch();
      callback();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    host.close(this.#fd);
  }

  #unwatch(): void {
    if (this.#slot !== undefined) host.unwatch(this.#slot);
    this.#slot = undefined;
  }
}
