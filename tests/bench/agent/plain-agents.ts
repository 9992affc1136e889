import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { agentBinaryPath } from '../bench-image.ts';
import { QgaClient } from '../qga-client.ts';

/** Path in the Debian package qemu-guest-agent. */
export const qgaPath = '/usr/sbin/qemu-ga';

/** Both agents as processes of this machine, each on a unix socket. Ended by dispose. */
export interface PlainAgents extends AsyncDisposable {
  readonly link: AgentLink;
  readonly qga: QgaClient;
  /** In memory, for the agents' files. */
  readonly folder: string;
  readonly pids: { readonly ours: number; readonly theirs: number };
}

/** The command line that starts Innkeeper's agent on a unix socket. */
export function agentCommand(socket: string): string[] {
  return [agentBinaryPath, 'serve', '--no-virtio', '--log-level', 'error', '--listen', `unix:${socket}`];
}

/** The command line that starts qemu-ga on a unix socket. */
export function qgaCommand(socket: string, folder: string): string[] {
  return [qgaPath, '--method=unix-listen', `--path=${socket}`, `--statedir=${folder}`, `--pidfile=${folder}/qga.pid`];
}

/** Both agents, with their sockets and without a client. Ended by dispose. */
export interface ListeningAgents extends AsyncDisposable {
  /** In memory, for the agents' files. */
  readonly folder: string;
  readonly sockets: { readonly ours: string; readonly theirs: string };
  readonly pids: { readonly ours: number; readonly theirs: number };
}

/** @throws Error if qemu-ga is not installed */
export async function startListeningAgents(): Promise<ListeningAgents> {
  if (!existsSync(qgaPath)) throw new Error(`There is no ${qgaPath}: install the package qemu-guest-agent.`);
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ik-plain-'));
  const sockets = { ours: join(folder, 'ours'), theirs: join(folder, 'theirs') };
  const ours = start(agentCommand(sockets.ours));
  const theirs = start(qgaCommand(sockets.theirs, folder));
  const end = async (): Promise<void> => {
    for (const child of [ours, theirs]) if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await whenListening(sockets.ours, ours);
    await whenListening(sockets.theirs, theirs);
    const pids = { ours: ours.pid ?? 0, theirs: theirs.pid ?? 0 };
    return { folder, sockets, pids, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** @throws Error if qemu-ga is not installed */
export async function startPlainAgents(): Promise<PlainAgents> {
  const agents = await startListeningAgents();
  const { folder, sockets, pids } = agents;
  try {
    const link = createAgentLink({
      connect: (signal) => openUnixChannel(sockets.ours, { signal }),
      identity: { vmId: 'bench', vmName: 'bench', nodeVersion: 'bench' },
      mayStepClock: false,
      telemetryIntervalMs: 0,
    });
    const qga = await QgaClient.open(sockets.theirs);
    await qga.sync();
    await link.ping();
    return {
      link,
      qga,
      folder,
      pids,
      [Symbol.asyncDispose]: async () => {
        await link[Symbol.asyncDispose]();
        await qga[Symbol.asyncDispose]();
        await agents[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await agents[Symbol.asyncDispose]();
    throw error;
  }
}

function start([program = '', ...words]: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.prependOnceListener('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  return child;
}

async function whenListening(socket: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; !existsSync(socket); tries++) {
    if (child.exitCode !== null || tries > 500) throw new Error(`Nothing listens on ${socket}.`);
    await delay(10);
  }
}

/** A line of /proc/PID/status in MB: "VmRSS", "VmHWM". */
export function memoryMb(pid: number, name: string): number {
  const [, kib = ''] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

/** Compiles `first-reply.c` and returns its path. */
export function compileFirstReply(folder: string): string {
  const output = join(folder, 'first-reply');
  execFileSync('gcc', ['-O1', '-o', output, join(import.meta.dirname, 'first-reply.c')]);
  return output;
}
