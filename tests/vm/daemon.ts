import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');

/** Images are built once and kept between runs; VMs of earlier runs are removed by the tests that make them. */
export const testDataDirectory = join(root, '.cache', 'vm-tests', 'data');

/** A daemon of our own, as `innkeeper serve` starts it. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly dataDirectory: string;
  /** SIGKILL, and wait for its end: VMs go on. */
  killHard(): Promise<void>;
  /** Resident memory in bytes. */
  rssBytes(): number;
  /** What it logged, the last 64 KiB. */
  log(): string;
}

/** Starts a daemon and resolves when its socket answers. */
export async function startDaemon(dataDirectory = testDataDirectory): Promise<Daemon> {
  mkdirSync(dataDirectory, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(root, 'apps', 'innkeeper', 'src', 'main.ts'), 'serve', '--data', dataDirectory],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitForSocket(join(dataDirectory, 'innkeeper.sock'), child, () => log);
  const pid = child.pid ?? 0;
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

/** Resident memory of a process of this host. */
export function rssBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function waitForSocket(path: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The daemon ended with exit code ${child.exitCode}: ${log()}`);
    if (await answers(path)) return;
    await delay(50);
  }
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
