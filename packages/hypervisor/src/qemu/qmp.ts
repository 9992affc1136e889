import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createDeferred, type Deferred, Listeners, mib, timersOf, withDeadline } from '@innkeeper/kit';

/** Maximum line length; a longer line ends the connection. Expected answers have a few kilobytes. */
const longestLineCharacters = 1 * mib;

/** Default timeout of a command. QEMU's main loop can be delayed by I/O of a busy host. */
const commandTimeoutMs = 10_000;

export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const timers = timersOf(globalThis);

/** The streams of a QMP connection: a socket is both, a child has stdout and stdin. */
export interface QmpStreams {
  readonly readable: Readable;
  readonly writable: Writable;
}

export interface QmpOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** An error reported by QEMU. `kind` is QMP's error class: "GenericError", "CommandNotFound". */
class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly kind: string;
  constructor(command: string, kind: string, description: string) {
    super(`${command}: ${description}`);
    this.kind = kind;
  }
}

/** A client of QEMU's machine protocol over a connected stream. Commands are answered by id, in any order. */
export class QmpClient implements Disposable {
  /** Resolves when the connection is closed; never rejects. */
  readonly closed: Promise<void>;
  readonly events = new Listeners<QmpEvent>();
  readonly #streams: QmpStreams;
  readonly #decoder = new StringDecoder('utf8');
  readonly #pending = new Map<number, { readonly command: string; readonly answer: Deferred<unknown> }>();
  readonly #greeting: Deferred<string> = createDeferred();
  #line = '';
  #nextId = 1;
  #failure: Error | undefined;

  private constructor(streams: QmpStreams) {
    this.#streams = streams;
    const { readable, writable } = streams;
    const closed = createDeferred<void>();
    this.closed = closed.promise;
    // Nothing waits for the greeting if a command failed.
    this.#greeting.promise.catch(() => undefined);
    readable.on('data', (bytes: Buffer) => this.#take(this.#decoder.write(bytes)));
    readable.once('error', (error) => this.#fail(error));
    writable.on('error', (error) => this.#fail(error));
    readable.once('end', () => this.#fail(new Error('QEMU closed its control connection')));
    readable.once('close', () => {
      this.#fail(new Error('the control connection was closed'));
      closed.resolve();
    });
  }

  /**
   * Waits for QEMU's greeting and negotiates. Rejects if no greeting arrives within `timeoutMs` (default 10 s), as when
   * another client holds the socket. The streams belong to the client from here on, also if this rejects.
   */
  static async open(streams: QmpStreams, options: QmpOptions = {}): Promise<{ client: QmpClient; version: string }> {
    const client = new QmpClient(streams);
    try {
      const version = await client.#wait(client.#greeting.promise, 'the greeting', options);
      await client.execute('qmp_capabilities', {}, options);
      return { client, version };
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Runs a command. Rejects with QmpError if QEMU reports an error; an abort or a deadline does not undo the command.
   */
  async execute(command: string, parameters: object = {}, options: QmpOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    const answer = createDeferred<unknown>();
    const line = `${JSON.stringify({ execute: command, arguments: parameters, id })}\n`;
    this.#pending.set(id, { command, answer });
    try {
      this.#streams.writable.write(line);
      return await this.#wait(answer.promise, command, options);
    } finally {
      this.#pending.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#fail(new Error('the control connection was closed'));
  }

  async #wait<T>(answer: Promise<T>, what: string, options: QmpOptions): Promise<T> {
    const timeoutMs = options.timeoutMs ?? commandTimeoutMs;
    const late = (): Error => new Error(`QEMU did not answer ${what} within ${timeoutMs} ms`);
    return await withDeadline({ timers, timeoutMs, signal: options.signal, late }, () => answer);
  }

  #take(text: string): void {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.#takeLine(this.#line + line);
      this.#line = '';
    }
    this.#line += last;
    if (this.#line.length > longestLineCharacters) this.#fail(new Error('QEMU sent an endless line'));
  }

  #takeLine(line: string): void {
    if (line.trim() === '' || this.#failure !== undefined) return;
    const message = parseObject(line);
    if (message === undefined) {
      this.#fail(new Error('QEMU sent invalid JSON'));
    } else if (typeof message['event'] === 'string') {
      this.events.emit({ name: message['event'], data: asObject(message['data']) ?? {} });
    } else if (message['QMP'] !== undefined) {
      this.#greeting.resolve(greetingVersion(message['QMP']));
    } else {
      this.#answer(message);
    }
  }

  #answer(message: Readonly<Record<string, unknown>>): void {
    // An answer without an id, or to a command that is no longer waited for.
    const pending = typeof message['id'] === 'number' ? this.#pending.get(message['id']) : undefined;
    if (pending === undefined) return;
    const error = asObject(message['error']);
    if (error === undefined) pending.answer.resolve(message['return']);
    else pending.answer.reject(new QmpError(pending.command, String(error['class']), String(error['desc'])));
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#line = '';
    this.#greeting.reject(error);
    for (const { answer } of this.#pending.values()) answer.reject(error);
    this.#streams.readable.destroy();
    this.#streams.writable.destroy();
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    // Not JSON; the caller ends the connection.
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function greetingVersion(greeting: unknown): string {
  const version = asObject(asObject(asObject(greeting)?.['version'])?.['qemu']);
  return version === undefined ? '' : `${version['major']}.${version['minor']}.${version['micro']}`;
}
