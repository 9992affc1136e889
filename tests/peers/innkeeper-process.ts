import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../apps/innkeeper/src/main.ts');
const maxLogChars = 64 * 1024;

/** A process of `innkeeper`. */
export interface InnkeeperProcess extends AsyncDisposable {
  /** The first group of the awaited pattern. */
  readonly said: string;
  /** The last 64 KiB of its output. */
  log(): string;
  /** Sends SIGKILL and waits for its end. */
  killHard(): Promise<void>;
}

/** Starts it and resolves when its output matches the pattern; rejects with its last output if it ends first. */
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
  // Ignored after the pattern has matched.
  said.promise.catch(() => undefined);
  return {
    said: await said.promise,
    log: () => log,
    killHard: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}
