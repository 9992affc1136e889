import { connect, type Socket } from 'node:net';
import { type Channel, createDeferred, onAbort } from '@innkeeper/kit';

/** A read of this many bytes is worth freeing before the garbage collector does. */
const largeBytes = 16 * 1024;

/** Opens a unix socket as a channel. Rejects if nothing is listening. */
export async function openUnixChannel(
  path: string,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<Channel> {
  const socket = connect({ path });
  const opened = createDeferred<void>();
  socket.once('connect', opened.resolve);
  socket.once('error', opened.reject);
  const stopListening = onAbort(options?.signal, (reason) => {
    socket.destroy();
    opened.reject(reason);
  });
  try {
    await opened.promise;
  } finally {
    stopListening();
  }
  return new UnixChannel(`unix:${path}`, socket);
}

class UnixChannel implements Channel {
  readonly name: string;
  readonly #socket: Socket;
  #wake: (() => void) | undefined;
  #ended = false;
  #last: Buffer | undefined;

  constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    const wake = (): void => {
      this.#wake?.();
      this.#wake = undefined;
    };
    socket.on('readable', wake);
    for (const event of ['end', 'close', 'error'] as const)
      socket.on(event, () => {
        this.#ended = true;
        wake();
      });
  }

  async read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined> {
    const { signal } = options ?? {};
    this.#release();
    for (;;) {
      signal?.throwIfAborted();
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#last = chunk;
        return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        const stopListening = onAbort(signal, () => resolve());
        this.#wake = () => {
          stopListening();
          resolve();
        };
      });
    }
  }

  /** Frees the memory of a large read. Left to the garbage collector, it takes a full collection every few MiB. */
  #release(): void {
    const { buffer, byteLength } = this.#last ?? {};
    this.#last = undefined;
    // One that is shared with others, such as Node's pool of small buffers, is larger.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength >= largeBytes)
      buffer.transfer(0);
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.write(bytes, (error) => (error ? reject(error) : resolve())));
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
