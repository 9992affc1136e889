import * as host from 'host';
import { PipeReader } from './pipe-reader.ts';

const maxOutputBytes = 64 * 1024;

/** Keeps up to 64 KiB of a program's output; more is read and dropped, so that the program can continue. */
export class OutputCollector {
  readonly #pipe: PipeReader;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(fd: number) {
    this.#pipe = new PipeReader(fd);
    this.#pipe.onData((bytes) => this.#take(bytes));
  }

  /** @throws Error if the pipe cannot be watched; call `finish` then, too */
  start(): void {
    this.#pipe.resume();
  }

  /** Stops reading. Data still in the pipe is included; a grandchild that holds the pipe open is not waited for. */
  finish(): string {
    for (
      let rest = this.#pipe.readNow();
      rest !== undefined && this.#bytes < maxOutputBytes;
      rest = this.#pipe.readNow()
    )
      this.#take(rest);
    this.#pipe.close();
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return host.decodeUtf8(all, false) ?? '';
  }

  #take(bytes: Uint8Array | undefined): void {
    const kept = bytes?.slice(0, maxOutputBytes - this.#bytes);
    if (kept === undefined || kept.length === 0) return;
    this.#chunks.push(kept);
    this.#bytes += kept.length;
  }
}
