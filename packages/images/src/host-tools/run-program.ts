import { spawn } from 'node:child_process';
import { OperationError } from '@innkeeper/contract/errors';
import { kib } from '@innkeeper/kit';
import type { Abortable } from './abortable.ts';
import { packageOfProgram } from './program-packages.ts';

/** The whole environment of host programs: no secrets, no locale, no settings of the user's shell. */
export const hostEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  // debugfs and mkfs prompt and page when they believe that they run interactively.
  DEBUGFS_PAGER: '__none__',
  DEBIAN_FRONTEND: 'noninteractive',
} as const;

/** How long to wait for a killed program, which ends immediately unless the kernel blocks it. */
const killGraceMs = 2000;

export interface ProgramOptions extends Abortable {
  /** Milliseconds. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How many of the last bytes of each of stdout and stderr are kept. Default: 64 KiB. */
  readonly maxOutputBytes?: number | undefined;
  /** Default: "/". */
  readonly cwd?: string | undefined;
  readonly input?: string | undefined;
  /** In addition to `hostEnvironment`. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Called with every line of stderr, without its line break; lines are cut at 1 KiB. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
}

export interface ProgramResult {
  /** 128 + n when it was ended by signal n. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the beginning of stdout or stderr was dropped. */
  readonly truncated: boolean;
}

/**
 * Runs a program of the host to its end and resolves to its exit code and output, whatever the code is.
 *
 * It runs in a separate process group, which is killed on abort and at the deadline.
 * Rejects with PROGRAM_MISSING when it is not installed, DEADLINE_EXCEEDED when it takes too long, and with the signal's
 * reason on abort. By then the program has ended, unless the kernel prevented that for 2 s.
 */
export async function runProgram(
  program: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { signal, timeoutMs = 60_000, maxOutputBytes = 64 * kib } = options;
  signal?.throwIfAborted();
  const child = spawn(program, argv, {
    cwd: options.cwd ?? '/',
    env: { ...hostEnvironment, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const stdout = new OutputTail(maxOutputBytes);
  const stderr = new OutputTail(maxOutputBytes);
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  if (options.onErrorLine !== undefined) child.stderr.on('data', lineSplitter(options.onErrorLine));
  // EPIPE when the program ends before it has read everything; its exit code says whether that is a failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');

  let stopped: unknown;
  const abandoned = Promise.withResolvers<never>();
  // Avoids an unhandled rejection when the program is abandoned.
  abandoned.promise.catch(() => undefined);
  let abandon: NodeJS.Timeout | undefined;
  const stop = (why: unknown): void => {
    stopped ??= why;
    killGroup(child.pid);
    // A process in uninterruptible sleep, for example on a dead NFS server, cannot be killed and is left behind.
    abandon ??= setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      abandoned.reject(stopped);
    }, killGraceMs);
  };
  const onAbort = (): void => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const deadline = setTimeout(
    () => stop(new OperationError('DEADLINE_EXCEEDED', `${program} did not end within ${timeoutMs / 1000} s.`)),
    timeoutMs,
  );
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(startError(program, error)));
      child.once('close', (code, signalName) => resolve(code ?? 128 + signalNumber(signalName)));
    });
    const exitCode = await Promise.race([ended, abandoned.promise]);
    if (stopped !== undefined) throw stopped;
    const truncated = stdout.droppedBytes + stderr.droppedBytes > 0;
    return { exitCode, stdout: stdout.text(), stderr: stderr.text(), truncated };
  } finally {
    clearTimeout(deadline);
    clearTimeout(abandon);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Sends SIGKILL to a process group, which may have ended already. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The error for a program that could not be started. */
export function startError(program: string, error: Error): OperationError {
  if ('code' in error && error.code === 'ENOENT') {
    const name = packageOfProgram(program);
    return new OperationError('PROGRAM_MISSING', `The program ${program} is not installed.`, {
      cause: error,
      nextStep: `Install it: apt-get install ${name}.`,
    });
  }
  return new OperationError('INTERNAL', `${program} could not be started: ${error.message}.`, { cause: error });
}

/** Numbers of the signals by which a host program may end; others count as 0. */
function signalNumber(name: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
  return name === null ? 0 : (numbers[name] ?? 0);
}

/** Keeps the last bytes of a stream. */
class OutputTail {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  droppedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    // Trimmed only at twice the size, so that a long stream is not copied for every chunk.
    if (this.#bytes > 2 * this.#maxBytes) this.#cut();
  }

  text(): string {
    this.#cut();
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #cut(): void {
    const surplus = this.#bytes - this.#maxBytes;
    if (surplus <= 0) return;
    this.#chunks = [Buffer.concat(this.#chunks).subarray(surplus)];
    this.#bytes -= surplus;
    this.droppedBytes += surplus;
  }
}

function lineSplitter(onLine: (line: string) => void): (bytes: Buffer) => void {
  let pending = '';
  return (bytes) => {
    const lines = (pending + bytes.toString('latin1')).split(/[\r\n]+/);
    pending = (lines.pop() ?? '').slice(0, kib);
    for (const line of lines) if (line !== '') onLine(line.slice(0, kib));
  };
}
