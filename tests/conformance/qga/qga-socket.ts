import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const lineBreak = 0x0a;

/** A client of QGA on a unix socket that sees bytes as they are. */
export class QgaSocket implements AsyncDisposable {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #lines: string[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  static async open(path: string): Promise<QgaSocket> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new QgaSocket(socket);
  }

  /** Writes bytes, or text, one byte a character. */
  async write(bytes: string | Buffer): Promise<void> {
    const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    await new Promise<void>((resolve, reject) =>
      this.#socket.write(whole, (error) => (error == null ? resolve() : reject(error))),
    );
  }

  /** The next line without its end, one character a byte. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#isClosed) throw new Error('The agent has closed the connection.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Writes a request and reads one line. */
  async ask(request: string): Promise<string> {
    await this.write(`${request}\n`);
    return await this.line();
  }

  /** Calls a command; rejects with the error's text. */
  async call<T>(execute: string, parameters?: object): Promise<T> {
    const answer = JSON.parse(await this.ask(JSON.stringify({ execute, arguments: parameters }))) as {
      readonly return?: T;
      readonly error?: { readonly desc: string };
    };
    if (answer.error !== undefined) throw new Error(answer.error.desc);
    return answer.return as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#isClosed) await once(this.#socket, 'close');
  }

  #take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(lineBreak); end >= 0; end = bytes.indexOf(lineBreak, from)) {
      this.#pieces.push(bytes.subarray(from, end));
      this.#lines.push(Buffer.concat(this.#pieces).toString('latin1'));
      this.#pieces = [];
      from = end + 1;
    }
    if (from < bytes.length) this.#pieces.push(bytes.subarray(from));
    this.#wake?.();
  }
}
