import { OperationError, type ReasonName } from '@innkeeper/contract/errors';
import { QgaSocket } from '../qga/qga-socket.ts';
import type { GuestAdmin } from './guest-admin.ts';
import type { CommandRequest, CommandResult, GuestClient, WriteRequest } from './guest-client.ts';
import { LimitedClient } from './limited-client.ts';
import { qgaAdmin } from './qga-admin.ts';

/** Texts of qemu-ga's errors, which are all that a client has, and what they mean. */
const meanings: readonly (readonly [RegExp, ReasonName])[] = [
  [/^The command \S+ has not been found$/, 'UNSUPPORTED_BY_AGENT'],
  [/^QMP input member/, 'INVALID_ARGUMENT'],
  [/^cpu\d+: there is none of this number/, 'HARDWARE_REFUSED'],
  [/^Failed to execute child process “.*” \(No such file or directory\)$/, 'COMMAND_NOT_FOUND'],
  [/^Failed to execute child process “.*” \(Permission denied\)$/, 'COMMAND_NOT_EXECUTABLE'],
  [/^Failed to execute child process .*(?:NUL|zero byte)/i, 'INVALID_ARGUMENT'],
  [/^mode is invalid/, 'INVALID_ARGUMENT'],
  [/^Invalid time/, 'INVALID_ARGUMENT'],
  [/^invalid OpenSSH public key: /, 'INVALID_ARGUMENT'],
  [/^failed to lookup user '.*'/, 'USER_NOT_FOUND'],
  [/: No such file or directory$/, 'FILE_NOT_FOUND'],
  [/: Is a directory$/, 'FILE_IS_DIRECTORY'],
  [/: Not a directory$/, 'FILE_NOT_DIRECTORY'],
];
const chunkBytes = 256 * 1024;

/** Implements QGA like a third-party host, only from its contract. */
export class QgaClient extends LimitedClient {
  readonly admin: GuestAdmin = qgaAdmin(this);
  readonly #socket: QgaSocket;
  readonly #asked: Set<string>;

  private constructor(socket: QgaSocket, asked: Set<string>) {
    super();
    this.#socket = socket;
    this.#asked = asked;
  }

  /** Synchronizes as clients do. */
  static async connect(path: string, asked: Set<string>): Promise<QgaClient> {
    const client = new QgaClient(await QgaSocket.open(path), asked);
    const id = process.hrtime.bigint();
    asked.add('guest-sync-delimited').add('guest-sync-delimited.id').add('guest-sync').add('guest-sync.id');
    await client.#socket.write(`\xff{"execute":"guest-sync-delimited","arguments":{"id":${id}}}\n`);
    while ((await client.#socket.line()) !== `\xff{"return": ${id}}`);
    const answer = await client.#socket.ask(`{"execute":"guest-sync","arguments":{"id":${id}}}`);
    if (answer !== `{"return": ${id}}`) throw new Error(`The answer to guest-sync is ${answer}.`);
    return client;
  }

  /** Sends a command; rejects with what its error means. */
  async ask<T>(execute: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<T> {
    this.#asked.add(execute);
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) this.#asked.add(`${execute}.${name}`);
    return await this.#send<T>(JSON.stringify({ execute, arguments: parameters }));
  }

  async alive(): Promise<void> {
    await this.ask('guest-ping');
  }

  override ping: GuestClient['ping'] = async () => ({
    agentVersion: (await this.ask<{ version: string }>('guest-info')).version,
  });

  override clock: GuestClient['clock'] = async () => ({
    unixMs: Math.floor((await this.ask<number>('guest-get-time')) / 1e6),
    resolutionMs: 1,
  });

  /** A line for a shell is passed to one, as every client of QGA does. */
  override run = async (request: CommandRequest): Promise<CommandResult> => {
    const [path, ...arg] = request.argv ?? ['/bin/sh', '-c', request.shell ?? ''];
    const env = request.environment === undefined ? undefined : Object.entries(request.environment);
    const { pid } = await this.ask<{ pid: number }>('guest-exec', {
      path,
      arg,
      env: env?.map(([name, value]) => `${name}=${value}`),
      'input-data': request.input?.toString('base64'),
      'capture-output': true,
    });
    for (;;) {
      const status = await this.ask<ExecStatus>('guest-exec-status', { pid });
      if (status.exited)
        return {
          stdout: Buffer.from(status['out-data'] ?? '', 'base64'),
          stderr: Buffer.from(status['err-data'] ?? '', 'base64'),
          exitCode: status.exitcode,
          signal: status.signal,
          timedOut: false,
          truncated: status['out-truncated'] === true || status['err-truncated'] === true,
        };
    }
  };

  override read: GuestClient['read'] = async (path, part) => {
    const handle = await this.ask<number>('guest-file-open', { path });
    try {
      if (part !== undefined) await this.ask('guest-file-seek', { handle, offset: part.offset, whence: 'set' });
      const pieces: Buffer[] = [];
      for (;;) {
        const count = part?.length ?? chunkBytes;
        const answer = await this.ask<ReadAnswer>('guest-file-read', { handle, count });
        const piece = Buffer.from(answer['buf-b64'], 'base64');
        if (piece.length !== answer.count) throw new Error(`${piece.length} bytes were sent, not ${answer.count}.`);
        pieces.push(piece);
        if (answer.eof || part !== undefined) return Buffer.concat(pieces);
      }
    } finally {
      await this.ask('guest-file-close', { handle });
    }
  };

  override write = (request: WriteRequest): Promise<number> => this.#put(request.path, request.data, 'w');

  override append = async (path: string, data: Uint8Array): Promise<void> => {
    await this.#put(path, data, 'a');
  };

  override refusedShutdown: GuestClient['refusedShutdown'] = async ({ mode }) => {
    await this.ask('guest-shutdown', { mode });
  };

  override refusedClock: GuestClient['refusedClock'] = async (seconds) => {
    const time = seconds * 1_000_000_000n;
    const int64 = time < -(2n ** 63n) ? -(2n ** 63n) : time;
    this.#asked.add('guest-set-time').add('guest-set-time.time');
    await this.#send(`{"execute":"guest-set-time","arguments":{"time":${int64}}}`);
  };

  async unknownOperation(): Promise<void> {
    await this.#send('{"execute":"guest-nothing"}');
  }

  async malformed(): Promise<string | undefined> {
    try {
      await this.#send('{"execute":5}');
      return undefined;
    } catch (error) {
      return error instanceof OperationError ? error.reason : String(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
  }

  async #put(path: string, data: Uint8Array, mode: 'w' | 'a'): Promise<number> {
    const handle = await this.ask<number>('guest-file-open', { path, mode });
    try {
      let total = 0;
      for (let at = 0; at < data.length; at += chunkBytes) {
        const piece = Buffer.from(data.subarray(at, at + chunkBytes));
        const words = { handle, 'buf-b64': piece.toString('base64'), count: piece.length };
        total += (await this.ask<{ count: number }>('guest-file-write', words)).count;
      }
      await this.ask('guest-file-flush', { handle });
      return total;
    } finally {
      await this.ask('guest-file-close', { handle });
    }
  }

  async #send<T>(text: string): Promise<T> {
    const answer = JSON.parse(
      Buffer.from(await this.#socket.ask(Buffer.from(text).toString('latin1')), 'latin1').toString(),
    ) as Answer<T>;
    if (answer.error === undefined) return answer.return as T;
    const { desc } = answer.error;
    const reason = meanings.find(([pattern]) => pattern.test(desc))?.[1];
    if (reason === undefined) throw new Error(`The error has no meaning here: ${desc}`);
    throw new OperationError(reason, desc);
  }
}

interface Answer<T> {
  readonly return?: T;
  readonly error?: { readonly desc: string };
}

interface ReadAnswer {
  readonly count: number;
  readonly 'buf-b64': string;
  readonly eof: boolean;
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly 'out-data'?: string;
  readonly 'err-data'?: string;
  readonly 'out-truncated'?: boolean;
  readonly 'err-truncated'?: boolean;
}
