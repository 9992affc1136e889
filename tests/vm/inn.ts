import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const root = join(import.meta.dirname, '..', '..');

/** The result of a run of `inn`. */
export interface InnResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface InnOptions {
  readonly dataDirectory: string;
  readonly input?: Buffer | Readable | undefined;
  /** Timeout, after which the run is killed and the test fails. Default: 120 s. */
  readonly timeoutMs?: number | undefined;
}

/** Spawns `inn` like a user. */
export function spawnInn(args: readonly string[], options: InnOptions) {
  return spawn(process.execPath, [join(root, 'apps', 'cli', 'src', 'main.ts'), ...args], {
    env: { ...process.env, INNKEEPER_DATA: options.dataDirectory, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs `inn` to its end. */
export async function inn(args: readonly string[], options: InnOptions): Promise<InnResult> {
  const child = spawnInn(args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // The command may end before it has read its input.
  child.stdin.on('error', () => undefined);
  if (options.input === undefined || Buffer.isBuffer(options.input)) child.stdin.end(options.input);
  else options.input.pipe(child.stdin);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  const exitCode = await new Promise<number>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? (signal === null ? -1 : -2))),
  );
  clearTimeout(timer);
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** Runs `inn` and resolves to its standard output as text; rejects unless it exits with 0. */
export async function innText(args: readonly string[], options: InnOptions): Promise<string> {
  const result = await inn(args, options);
  if (result.exitCode !== 0)
    throw new Error(`inn ${args.join(' ')} exited ${result.exitCode}: ${result.stderr || result.stdout.toString()}`);
  return result.stdout.toString();
}
