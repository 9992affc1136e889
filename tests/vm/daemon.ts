import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { killOnAbort } from './abort.ts';
import { claimDataDirectory } from './kept-folder.ts';

const root = join(import.meta.dirname, '..', '..');

/** Images are built once and kept between runs; VMs of earlier runs are removed by the tests that create them. */
export const testDataDirectory = await claimDataDirectory();

/** A daemon for tests, started with `innkeeper serve`. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly dataDirectory: string;
  /** Sends SIGKILL and waits for its end; VMs keep running. */
  killHard(): Promise<void>;
  /** Resident memory in bytes. */
  rssBytes(): number;
  /** The last 64 KiB of its log. */
  log(): string;
}

/** Spawns `innkeeper serve` without waiting for it. */
export function spawnDaemon(dataDirectory: string, wrapper: readonly string[] = []): ChildProcess {
  mkdirSync(dataDirectory, { recursive: true });
  const main = join(root, 'apps', 'innkeeper', 'src', 'main.ts');
  const daemon = [process.execPath, main, 'serve', '--data', dataDirectory, '--listen', 'none'];
  const [program = '', ...args] = [...wrapper, ...daemon];
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Starts a daemon and resolves when its socket answers; rejects with its last output if it ends first. `wrapper` is a
 * command that executes the daemon.
 */
export async function startDaemon(dataDirectory = testDataDirectory, wrapper: readonly string[] = []): Promise<Daemon> {
  const child = spawnDaemon(dataDirectory, wrapper);
  const pid = child.pid ?? 0;
  const forget = killOnAbort(pid);
  let log = '';
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  ended.then(forget, forget);
  await waitForSocket(join(dataDirectory, 'innkeeper.sock'), child, () => log);
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    pid,
    dataDirectory,
    killHard: () => stop('SIGKILL'),
    rssBytes: () => rssBytesOf(pid),
    log: () => log,
    [Symbol.asyncDispose]: () => stop('SIGTERM'),
  };
}

/** Resident memory of a process of this host; 0 when it has ended. */
export function rssBytesOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** The socket alone is not sufficient: it may belong to an already running daemon, and then the new one will end. */
async function waitForSocket(path: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The daemon ended with exit code ${child.exitCode}: ${log()}`);
    if (log().includes('innkeeper serves on') && (await answers(path))) return;
    await delay(50);
  }
  child.kill('SIGKILL');
  throw new Error(`The daemon did not serve within 30 s: ${log()}`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
