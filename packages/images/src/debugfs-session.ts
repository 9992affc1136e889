import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { type Abortable, hostEnvironment, killGroup, startError } from './host-tools/index.ts';

export interface DebugfsTarget {
  readonly imagePath: string;
  /** Offset of the file system in the image. */
  readonly offsetBytes: number;
  readonly writable: boolean;
}

/** Maximum length of debugfs' output for one command; the longest in use is the `stat` of a large file. */
const maxAnswerBytes = mib;
/** Timeout of one command. Writing 2 MiB takes 20 ms; the rest is for a hostile image or a busy host. */
const commandTimeoutMs = 20_000;

/**
 * One debugfs process that executes commands one by one.
 *
 * debugfs exits with 0 even on errors and prints to two streams. Both are therefore merged into one pipe, and every
 * command is followed by a nonexistent one with a random name that no image can guess: the output between two of its
 * error messages is the answer. Commands consist of inode numbers and names that passed `isPlainName`, never of text from
 * an image, since debugfs can read and write files of the host.
 */
export class DebugfsSession implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #mark = `mark-${randomBytes(12).toString('hex')}`;
  readonly #signal: AbortSignal | undefined;
  readonly #ended: Promise<void>;
  #pending = '';
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: unknown;

  private constructor(target: DebugfsTarget, signal: AbortSignal | undefined) {
    this.#signal = signal;
    // By base name in its folder, since a "?" in a path would begin options.
    const file = `./${basename(target.imagePath)}${target.offsetBytes === 0 ? '' : `?offset=${target.offsetBytes}`}`;
    const argv = [...(target.writable ? ['-w'] : []), '-f', '-', file];
    this.#child = spawn('sh', ['-c', 'exec stdbuf -oL debugfs "$@" 2>&1', 'sh', ...argv], {
      cwd: dirname(target.imagePath),
      env: hostEnvironment,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child.stdout.on('data', (bytes: Buffer) => this.#receive(bytes));
    // The exit handler reports the cause.
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#end(startError('sh', error), resolve));
      this.#child.once('close', () => this.#end(undefined, resolve));
    });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#stop(this.#signal?.reason);

  /**
   * Opens a file system. Rejects with IMAGE_NOT_EXT4 when debugfs does not open it, PROGRAM_MISSING without debugfs.
   */
  static async open(target: DebugfsTarget, { signal }: Abortable = {}): Promise<DebugfsSession> {
    signal?.throwIfAborted();
    const session = new DebugfsSession(target, signal);
    try {
      // With unsupported features or a damaged superblock, debugfs keeps running without a file system.
      const answer = await session.ask('show_super_stats -h');
      if (!answer.includes('Filesystem magic number:')) {
        throw new OperationError('IMAGE_NOT_EXT4', `debugfs cannot open the file system: ${lastLine(answer)}`);
      }
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Resolves to debugfs' output for a command, without the echoed command. Whether it worked can only be seen from the
   * output. Rejects with IMAGE_CORRUPT when debugfs dies, hangs or prints too much.
   */
  async ask(command: string): Promise<string> {
    if (/[\r\n\0]/.test(command)) throw new OperationError('INTERNAL', 'A debugfs command contains a line break.');
    const complaint = `Command not found ${this.#mark}\n`;
    this.#child.stdin.write(`${command}\n${this.#mark}\n`);
    const timer = setTimeout(() => this.#stop(corrupt(`debugfs hung at "${command}"`)), commandTimeoutMs);
    try {
      while (!this.#pending.includes(complaint)) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#isOver) throw this.#deathOf(command);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
    const end = this.#pending.indexOf(complaint);
    const answer = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end + complaint.length);
    return this.#withoutEcho(answer, command);
  }

  /** Like `ask`, for commands that print nothing on success. `why` describes the failure. */
  async expectSilence(command: string, why: string): Promise<void> {
    const answer = (await this.ask(command)).trim();
    if (answer !== '') throw corrupt(`${why}: ${lastLine(answer)}`);
  }

  /** Flushes debugfs and waits for its end. Idempotent. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#stop(corrupt('debugfs did not exit')), commandTimeoutMs);
    await this.#ended;
    clearTimeout(timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Kills debugfs; an image that was being written is then unusable. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) killGroup(this.#child.pid);
    await this.#ended;
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #receive(bytes: Buffer): void {
    this.#pending += bytes.toString('latin1');
    if (this.#pending.length > maxAnswerBytes) this.#stop(corrupt('debugfs printed too much'));
    this.#wake?.();
  }

  #stop(why: unknown): void {
    this.#failure ??= why;
    killGroup(this.#child.pid);
    this.#wake?.();
  }

  #end(failure: unknown, resolve: () => void): void {
    this.#failure ??= failure;
    this.#isOver = true;
    this.#wake?.();
    resolve();
  }

  #deathOf(command: string): OperationError {
    if (this.#pending.includes('debugfs: not found') || /debugfs.*No such file/.test(this.#pending)) {
      return startError('debugfs', Object.assign(new Error('not found'), { code: 'ENOENT' }));
    }
    return corrupt(`debugfs died at "${command}": ${lastLine(this.#pending)}`);
  }

  /** debugfs echoes each command before its output, and prints its version before the first. */
  #withoutEcho(answer: string, command: string): string {
    const echo = `debugfs: ${command}\n`;
    const begin = answer.indexOf(echo);
    const body = begin < 0 ? answer : answer.slice(begin + echo.length);
    const next = body.lastIndexOf(`debugfs: ${this.#mark}\n`);
    const before = begin < 0 ? '' : answer.slice(0, begin).replace(/^debugfs [\d.]+ \(.*\)\n/, '');
    return before + (next < 0 ? body : body.slice(0, next));
  }
}

function corrupt(what: string): OperationError {
  return new OperationError('IMAGE_CORRUPT', `The file system cannot be edited: ${what}.`);
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 200);
}
