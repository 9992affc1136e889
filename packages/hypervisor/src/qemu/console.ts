import type { Socket } from 'node:net';
import { kib, Listeners, type Log } from '@innkeeper/kit';
import { ConsoleHistory } from '../console-history.ts';
import type { Abortable, ConsoleStream } from '../driver.ts';
import { ConsoleFile } from '../process/console-file.ts';
import { connectUnixSocket } from '../process/unix-socket.ts';

/** One buffer for all reads: a new one for each would grow the daemon by tens of MiB under a flood of single bytes. */
const readBufferBytes = 16 * kib;

/** Shown to readers where output is missing because no daemon was attached. */
const awayNote = '\r\n[innkeeper: no daemon was attached here; output printed meanwhile is not available]\r\n';

export interface QemuConsoleOptions {
  readonly socketPath: string;
  /** The directory of the history files. */
  readonly directory: string;
  /** Continue the history of an earlier daemon. */
  readonly resume: boolean;
  readonly log: Log;
}

/**
 * The serial console of a QEMU VM. While no daemon is attached QEMU drops the guest's output, at no cost; its `logfile`
 * option would keep it, but without a limit, so a guest could fill the host's disk.
 */
export class QemuConsole implements ConsoleStream, AsyncDisposable {
  readonly #socket: Socket;
  readonly #history: ConsoleHistory;
  readonly #file: ConsoleFile;
  readonly #listeners = new Listeners<Uint8Array>();
  /** Resolves when the last byte was read. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket, history: ConsoleHistory, file: ConsoleFile) {
    this.#socket = socket;
    this.#history = history;
    this.#file = file;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Connects and records all output from here on. */
  static async open(options: QemuConsoleOptions, { signal }: Abortable = {}): Promise<QemuConsole> {
    const { directory, log } = options;
    const { history, file } = options.resume
      ? await ConsoleFile.load(directory, log)
      : { history: new ConsoleHistory(), file: await ConsoleFile.create(directory, log) };
    const buffer = new Uint8Array(readBufferBytes);
    // It reads not before its next turn of the event loop: then the console exists.
    const callback = (count: number): boolean => console.#read(buffer.slice(0, count));
    const socket = await connectUnixSocket(options.socketPath, { signal, onread: { buffer, callback } });
    const console = new QemuConsole(socket, history, file);
    if (options.resume) console.#take(Buffer.from(awayNote));
    return console;
  }

  history(): ReturnType<ConsoleStream['history']> {
    return this.#history.view();
  }

  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    return this.#listeners.add(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(new Uint8Array(bytes), (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  /** Detaches from the console when all output read so far is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#file.flushed();
  }

  /** One read per turn of the event loop, so that a guest that floods its console does not delay others. */
  #read(bytes: Uint8Array): boolean {
    this.#take(bytes);
    setImmediate(() => this.#socket.resume());
    return false;
  }

  #take(bytes: Uint8Array): void {
    this.#history.append(bytes);
    this.#file.append(bytes);
    this.#listeners.emit(bytes);
  }
}
