import { type Channel, onAbort } from '@innkeeper/kit';
import * as host from 'host';
import { readBuffer, readBufferBytes } from './read-buffer.ts';
import { Readiness } from './readiness.ts';
import { WriteTurns } from './write-turns.ts';

/** A connection on a unix socket. */
export class SocketChannel implements Channel {
  readonly name: string;
  readonly #fd: number;
  readonly #readiness: Readiness;
  /** For readers that keep the bytes until their next read. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  readonly #turns = new WriteTurns();
  #closed = false;

  constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
    this.#readiness = new Readiness(fd, () => this.#readiness.wakeAll());
  }

  async read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined> {
    const stopListening = onAbort(options?.signal, () => this.#readiness.wakeAll());
    try {
      for (;;) {
        options?.signal?.throwIfAborted();
        if (this.#closed) return undefined;
        this.#buffer ??= new Uint8Array(readBufferBytes);
        const got = this.#readSome(this.#buffer);
        if (got >= 0) return got > 0 ? this.#buffer.subarray(0, got) : undefined;
        await this.#readiness.readable();
      }
    } finally {
      stopListening();
    }
  }

  /** See DirectChannel. */
  async readEach(take: (bytes: Uint8Array) => boolean, { signal }: { readonly signal: AbortSignal }): Promise<boolean> {
    const stopListening = onAbort(signal, () => this.#readiness.wakeAll());
    const state = { held: false, gone: false };
    try {
      while (!state.held && !state.gone && !this.#closed) {
        signal.throwIfAborted();
        await this.#readiness.eachReadable(() => {
          const buffer = readBuffer();
          const got = this.#readSome(buffer);
          state.gone = got === 0;
          state.held = got > 0 && !take(buffer.subarray(0, got));
          return !state.gone && !state.held;
        });
      }
      return state.held;
    } finally {
      stopListening();
    }
  }

  /** Writes what fits without waiting; nothing if other writes are waiting. */
  writeNow(bytes: Uint8Array): number {
    return this.#closed || this.#turns.areTaken ? 0 : host.write(this.#fd, bytes, 0, bytes.length, -1);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#turns.take(() => this.#writeAll(bytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let done = 0;
    for (;;) {
      if (this.#closed) throw new Error(`${this.name} is closed.`);
      done += host.write(this.#fd, bytes, done, bytes.length - done, -1);
      if (done >= bytes.length) return;
      await this.#readiness.writable();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness.wakeAll();
    host.close(this.#fd);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A connection reset by the peer counts as closed. */
  #readSome(into: Uint8Array): number {
    try {
      return host.read(this.#fd, into, 0, readBufferBytes, -1);
    } catch (error) {
      if (error instanceof Error && 'errno' in error && error.errno === 'ECONNRESET') return 0;
      throw error;
    }
  }
}
