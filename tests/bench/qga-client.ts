import { connect, type Socket } from 'node:net';

/**
 * A client of the QEMU guest agent that is as fast as the protocol allows: JSON lines on a unix socket, one request at a
 * time, without any of Innkeeper's code in between.
 */
export class QgaClient implements AsyncDisposable {
  readonly #socket: Socket;
  #text = '';
  #waiting: ((line: string) => void) | undefined;
  #lines: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
  }

  static async open(path: string): Promise<QgaClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new QgaClient(socket);
  }

  /** guest-sync: skips responses to earlier clients, until the response with this client's number. */
  async sync(): Promise<void> {
    const id = Math.floor(Math.random() * 2 ** 31);
    this.#socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`);
    for (;;) {
      const answer = JSON.parse(await this.#line()) as { return?: unknown };
      if (answer.return === id) return;
    }
  }

  /** Executes a command; rejects with qemu-ga's description. */
  async call<T = unknown>(execute: string, parameters: object = {}): Promise<T> {
    this.#socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
    const answer = JSON.parse(await this.#line()) as { return?: T; error?: { desc: string } };
    if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
    return answer.return as T;
  }

  /** Runs a program and polls its status without pauses. */
  async exec(path: string, argv: readonly string[]): Promise<number> {
    const { pid } = await this.call<{ pid: number }>('guest-exec', { path, arg: argv, 'capture-output': true });
    for (;;) {
      const status = await this.call<{ exited: boolean; exitcode?: number }>('guest-exec-status', { pid });
      if (status.exited) return status.exitcode ?? -1;
    }
  }

  /** Writes a file in chunks of the fastest size. */
  async upload(path: string, content: Buffer, chunkBytes: number): Promise<void> {
    const handle = await this.call<number>('guest-file-open', { path, mode: 'w' });
    for (let at = 0; at < content.length; at += chunkBytes)
      await this.call('guest-file-write', {
        handle,
        'buf-b64': content.subarray(at, at + chunkBytes).toString('base64'),
      });
    await this.call('guest-file-close', { handle });
  }

  /** Reads a file and resolves to the number of bytes. */
  async download(path: string, chunkBytes: number): Promise<number> {
    const handle = await this.call<number>('guest-file-open', { path, mode: 'r' });
    let total = 0;
    for (;;) {
      const chunk = await this.call<{ 'buf-b64': string; eof: boolean }>('guest-file-read', {
        handle,
        count: chunkBytes,
      });
      total += Buffer.from(chunk['buf-b64'], 'base64').length;
      if (chunk.eof) break;
    }
    await this.call('guest-file-close', { handle });
    return total;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }

  #take(text: string): void {
    this.#text += text;
    let end = this.#text.indexOf('\n');
    while (end >= 0) {
      const line = this.#text.slice(0, end).replace(/^[^{]*/, '');
      this.#text = this.#text.slice(end + 1);
      if (line !== '') this.#lines.push(line);
      end = this.#text.indexOf('\n');
    }
    const next = this.#waiting;
    if (next !== undefined && this.#lines.length > 0) {
      this.#waiting = undefined;
      next(this.#lines.shift() ?? '');
    }
  }

  #line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
