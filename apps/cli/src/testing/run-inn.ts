import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface InnResult {
  /** null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts inn with a daemon's socket; its standard streams are pipes. */
export function spawnInn(
  socketPath: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...words], {
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      INNKEEPER_SOCKET: socketPath,
      ...environment,
    },
  });
}

/** Runs inn until it exits, with `input` as its standard input. */
export async function runInn(
  socketPath: string,
  words: readonly string[],
  { input = '', environment = {} }: { readonly input?: string; readonly environment?: Record<string, string> } = {},
): Promise<InnResult> {
  const child = spawnInn(socketPath, words, environment);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return resultOf(child);
}

/** Waits until a process exits. Returns its output and exit code. */
export function resultOf(child: ChildProcessWithoutNullStreams): Promise<InnResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve) =>
    child.once('close', (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    ),
  );
}
