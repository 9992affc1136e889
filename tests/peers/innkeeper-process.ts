import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../apps/innkeeper/src/main.ts');
const maxLogChars = 64 * 1024;

/** `innkeeper` as a process of its own. */
export interface InnkeeperProcess extends AsyncDisposable {
  /** The first group of the pattern that it was waited for. */
  readonly said: string;
  /** What it wrote, the last 64 KiB. */
  log(): string;
  /** SIGKILL, and waits for its end. */
  killHard(): Promise<void>;
}

/** Starts it, and resolves when it has written what fits; fails with its last words when it ends instead. */
export async function startInnkeeper(
  argv: readonly string[],
  { databaseUrl, until }: { readonly databaseUrl: string; readonly until: RegExp },
): Promise<InnkeeperProcess> {
  const child = spawn(process.execPath, [program, ...argv], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const said = Promise.withResolvers<string>();
  const take = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-maxLogChars);
    const match = until.exec(log);
    if (match !== null) said.resolve(match[1] ?? '');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = once(child, 'close').then(() => said.reject(new Error(`innkeeper ${argv[0]} ended: ${log}`)));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  // Nobody waits for it any more once it has said it.
  said.promise.catch(() => undefined);
  return {
    said: await said.promise,
    log: () => log,
    killHard: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}
