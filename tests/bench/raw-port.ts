import { connect, type Socket } from 'node:net';

/** A virtio-serial port as plain bytes: for dd, the C program, and a shell. */
export class RawPort implements AsyncDisposable {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#wake?.();
    });
  }

  static async open(path: string): Promise<RawPort> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawPort(socket);
  }

  /** Resolves when the host's kernel has accepted the bytes. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.write(bytes, (error) => (error ? reject(error) : resolve())));
  }

  /** Reads exactly `count` bytes. */
  async read(count: number): Promise<Buffer> {
    await this.waitFor(count);
    const all = Buffer.concat(this.#chunks);
    const rest = all.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return all.subarray(0, count);
  }

  /** Reads and discards `count` bytes, to measure throughput. */
  async skip(count: number): Promise<void> {
    let left = count;
    for (;;) {
      left -= this.#size;
      this.#chunks = [];
      this.#size = 0;
      if (left <= 0) return;
      await this.waitFor(1);
    }
  }

  /** Reads text up to and including `mark`. */
  async readUntil(mark: string): Promise<string> {
    for (;;) {
      const text = Buffer.concat(this.#chunks).toString('latin1');
      const at = text.indexOf(mark);
      if (at >= 0) return (await this.read(at + mark.length)).toString();
      await this.waitFor(this.#size + 1);
    }
  }

  /** Waits for this many bytes. Rejects after five minutes, longer than any measurement. */
  async waitFor(count: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('The guest did not answer on its port for 5 minutes.')), 300_000);
    });
    try {
      while (this.#size < count) await Promise.race([late, new Promise<void>((resolve) => (this.#wake = resolve))]);
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }
}
