import { QgaSocket } from '../qga-socket.ts';

/** What libvirt keeps of an answer at most. */
const maxAnswerBytes = 10 * 1024 * 1024;

/**
 * Behaves as libvirt does on an agent's socket: guest-sync with milliseconds and without the byte 0xFF, one line of
 * garbage tolerated at the first, then one more; answers beyond 10 MiB are an error.
 */
export class LibvirtClient implements AsyncDisposable {
  readonly #socket: QgaSocket;
  #lastId = 0;
  #isSynchronized = false;

  private constructor(socket: QgaSocket) {
    this.#socket = socket;
  }

  static async open(path: string): Promise<LibvirtClient> {
    return new LibvirtClient(await QgaSocket.open(path));
  }

  /** Runs a command; rejects with "unsupported" or "failed" as libvirt tells callers apart. */
  async call<T>(execute: string, parameters?: object): Promise<T> {
    if (!this.#isSynchronized) await this.#synchronize();
    const request = parameters === undefined ? { execute } : { execute, arguments: parameters };
    return this.#take<T>(await this.#ask(JSON.stringify(request)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
  }

  async #synchronize(): Promise<void> {
    // Milliseconds since 1970, and never the same twice.
    this.#lastId = Math.max(this.#lastId + 1, Date.now());
    let answer = await this.#ask(`{"execute":"guest-sync", "arguments":{"id":${this.#lastId}}}`);
    if (!answer.includes(`"return": ${this.#lastId}`)) {
      this.#lastId++;
      answer = await this.#ask(`{"execute":"guest-sync", "arguments":{"id":${this.#lastId}}}`);
      // What answers the first one after all is ignored.
      if (answer.includes(`"return": ${this.#lastId - 1}`)) answer = await this.#socket.line();
    }
    if (this.#take(answer) !== this.#lastId) throw new Error(`guest agent returned ID: ${answer.slice(0, 200)}`);
    this.#isSynchronized = true;
  }

  async #ask(text: string): Promise<string> {
    const line = await this.#socket.ask(text);
    if (line.length > maxAnswerBytes) throw new Error(`No complete agent response found in ${maxAnswerBytes} bytes`);
    return line;
  }

  #take<T>(line: string): T {
    const answer = JSON.parse(Buffer.from(line, 'latin1').toString()) as {
      readonly return?: T;
      readonly error?: { readonly class: string; readonly desc: string };
    };
    if (answer.error === undefined) return answer.return as T;
    const isUnsupported = ['CommandNotFound', 'CommandDisabled'].includes(answer.error.class);
    throw new Error(`${isUnsupported ? 'unsupported' : 'failed'}: ${answer.error.desc}`);
  }
}
