import type { Pipe } from '@innkeeper/agent-core';
import * as host from 'host';

/** 64 KiB: a pipe's whole capacity. */
const bufferBytes = 64 * 1024;
let shared: Uint8Array<ArrayBuffer> | undefined;

/** Shared by all pipes: the content is valid during one callback only. Its pages are resident, so made when needed. */
function pipeBuffer(): Uint8Array<ArrayBuffer> {
  shared ??= new Uint8Array(bufferBytes);
  return shared;
}

/** The reading end of a pipe or a terminal. Watched only while resumed, so a paused reader costs nothing. */
export class PipeReader implements Pipe {
  readonly #fd: number;
  #callback: ((bytes: Uint8Array | undefined) => void) | undefined;
  #slot: number | undefined;
  #closed: boolean;

  /** @param fd -1: it is closed already */
  constructor(fd: number) {
    this.#fd = fd;
    this.#closed = fd < 0;
  }

  /** -1 if it is closed. */
  get descriptor(): number {
    return this.#closed ? -1 : this.#fd;
  }

  onData(callback: (bytes: Uint8Array | undefined) => void): void {
    this.#callback = callback;
  }

  resume(): void {
    if (this.#closed || this.#slot !== undefined) return;
    this.#slot = host.watch(this.#fd, 1, () => this.#onReadable());
  }

  pause(): void {
    if (this.#slot !== undefined) host.unwatch(this.#slot);
    this.#slot = undefined;
  }

  readNow(): Uint8Array | undefined {
    if (this.#closed) return undefined;
    const buffer = pipeBuffer();
    const got = host.readOnce(this.#fd, buffer, 0, bufferBytes);
    return got > 0 ? buffer.subarray(0, got) : undefined;
  }

  /** Sets the size of the terminal; ignored once it is closed. */
  resizeTerminal(columns: number, rows: number): void {
    if (!this.#closed) host.resizeTerminal(this.#fd, columns, rows);
  }

  close(): void {
    if (this.#closed) return;
    this.pause();
    this.#closed = true;
    host.close(this.#fd);
  }

  #onReadable(): void {
    const buffer = pipeBuffer();
    const got = host.readOnce(this.#fd, buffer, 0, bufferBytes);
    if (got < 0) return;
    if (got === 0) this.pause();
    this.#callback?.(got === 0 ? undefined : buffer.subarray(0, got));
  }
}
