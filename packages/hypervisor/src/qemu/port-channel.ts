import type { Socket } from 'node:net';
import { type Channel, createDeferred, type Deferred, kib, orAborted } from '@innkeeper/kit';
import { connectUnixSocket } from '../process/unix-socket.ts';

/** Buffer size of a read: as large as the largest frame; unused pages cost no memory. */
const readBufferBytes = 64 * kib;

/**
 * Opens the host's end of a port. QEMU serves one client: if another holds the port, this still connects and waits in
 * the socket's backlog, accepting writes; only an answer from the agent proves more. `onClosed` is called once, when
 * the channel is closed for any reason.
 */
export async function openPortChannel(
  path: string,
  name: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onClosed?: (() => void) | undefined } = {},
): Promise<Channel> {
  const reading = new SocketReading();
  const socket = await connectUnixSocket(path, {
    signal: options.signal,
    onread: { buffer: reading.buffer, callback: (count) => reading.take(count) },
  });
  if (options.onClosed !== undefined) socket.once('close', options.onClosed);
  return new PortChannel(socket, name, reading);
}

/** The socket's only read buffer and its waiting reader. While bytes are unread the socket is paused. */
class SocketReading {
  /** Not a Buffer: readers copy with `slice`, which does not copy a Buffer. */
  readonly buffer = new Uint8Array(readBufferBytes);
  unread: Uint8Array | undefined;
  ended = false;
  waiting: Deferred<void> | undefined;

  /** Returns false to stop reading until `resume`. */
  take(count: number): boolean {
    this.unread = this.buffer.subarray(0, count);
    this.waiting?.resolve();
    return false;
  }

  end(): void {
    this.ended = true;
    this.waiting?.resolve();
  }
}

class PortChannel implements Channel {
  readonly name: string;
  readonly #socket: Socket;
  readonly #reading: SocketReading;
  readonly #closed: Promise<void>;
  readonly #pendingWrites = new Set<Deferred<void>>();
  #isClosed = false;
  #isClosing = false;

  constructor(socket: Socket, name: string, reading: SocketReading) {
    this.name = name;
    this.#socket = socket;
    this.#reading = reading;
    const closed = createDeferred<void>();
    this.#closed = closed.promise;
    socket.once('end', () => reading.end());
    socket.once('close', () => {
      this.#isClosed = true;
      reading.end();
      for (const write of this.#pendingWrites) write.reject(this.#closedError());
      closed.resolve();
    });
  }

  async read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined> {
    const reading = this.#reading;
    const signal = options?.signal;
    signal?.throwIfAborted();
    if (reading.waiting !== undefined) throw new Error(`${this.name}: only one read may be pending`);
    if (reading.unread === undefined && !reading.ended) {
      const waiting = createDeferred<void>();
      reading.waiting = waiting;
      this.#socket.resume();
      try {
        await orAborted(waiting.promise, signal);
      } finally {
        reading.waiting = undefined;
      }
    }
    const bytes = reading.unread;
    reading.unread = undefined;
    return bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || this.#isClosing) throw this.#closedError();
    const written = createDeferred<void>();
    this.#pendingWrites.add(written);
    this.#socket.write(bytes, (error) => {
      if (error === null || error === undefined) written.resolve();
      else written.reject(error);
    });
    try {
      await written.promise;
    } finally {
      this.#pendingWrites.delete(written);
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#reading.unread = undefined;
    this.#reading.end();
    this.#socket.destroy();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #closedError(): Error {
    return new Error(`${this.name} is closed`);
  }
}
