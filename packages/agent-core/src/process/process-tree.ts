import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { markerName } from './environment.ts';
import { SIGKILL } from './signals.ts';

/** A command with all that came of it. */
export interface Tree {
  /** The first process: leader of its session, which carries its number. */
  readonly leader: number;
  /** What every process of the tree has in its environment. */
  readonly id: string;
  /** It was reaped: a process of its number, if there is one, is a stranger. */
  readonly leaderEnded: boolean;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

const maxProcesses = 100_000;
/** A tree that forks while it is killed is looked at again, so often at most. */
const maxKillRounds = 8;

/**
 * The processes of a tree, its leader among them: descendants, members of its session, and those that left both but
 * still carry its marker in their environment (they became the agent's children, as it is their subreaper).
 */
export function processesOfTree(host: Host, { leader, id, leaderEnded }: Tree): number[] {
  const entries = host.files
    .readDirectory('/proc', maxProcesses)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(host, Number(name)))
    .filter((entry) => entry !== undefined);
  // The number of a session is not given to a new process while anyone is in the session. Who has it now started anew.
  const reused = leaderEnded && entries.some((entry) => entry.pid === leader);
  const found = new Set<number>();
  for (const { pid, parent, session } of entries) {
    const isOurs = !reused && (pid === leader || session === leader);
    if (isOurs || (parent === host.system.pid && hasMarker(host, pid, id))) found.add(pid);
  }
  // Children may be listed before their parents, so until nothing is added.
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, parent } of entries) {
      if (found.has(pid) || !found.has(parent)) continue;
      found.add(pid);
      grew = true;
    }
  }
  return [...found];
}

/** How many processes of a tree are left when its leader has ended. Looks closer only when there is a sign of any. */
export function countOrphans(host: Host, tree: Tree): number {
  return groupExists(host, tree.leader) || hasChildren(host) ? processesOfTree(host, tree).length : 0;
}

/** Sends a signal to every process of a tree; the number that got it. KILL goes on until no new ones appear. */
export function signalTree(host: Host, tree: Tree, signal: number): number {
  const signaled = new Set<number>();
  for (let rounds = 0; rounds < maxKillRounds; rounds++) {
    const fresh = processesOfTree(host, tree).filter((pid) => !signaled.has(pid));
    for (const pid of fresh) if (trySignal(host, pid, signal)) signaled.add(pid);
    if (fresh.length === 0 || signal !== SIGKILL) break;
  }
  return signaled.size;
}

function trySignal(host: Host, pid: number, signal: number): boolean {
  try {
    host.processes.kill(pid, signal);
    return true;
  } catch (error) {
    // ESRCH: ended since it was listed. EPERM: an agent that is not root, and a program that is.
    if (!hasErrno(error, 'ESRCH', 'EPERM')) throw error;
    return false;
  }
}

function readEntry(host: Host, pid: number): Entry | undefined {
  const text = readTrimmed(host, `/proc/${pid}/stat`, 1024);
  if (text === undefined) return undefined;
  // The name may have spaces and parentheses: what counts comes after the last one. state ppid pgrp session …
  const [state, parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), session: Number(session) };
}

function hasMarker(host: Host, pid: number, id: string): boolean {
  return readTrimmed(host, `/proc/${pid}/environ`, 131_072)?.split('\0').includes(`${markerName}=${id}`) ?? false;
}

function groupExists(host: Host, leader: number): boolean {
  return trySignal(host, -leader, 0);
}

/** Whether the agent has children at all: orphans it took over, or other commands. */
function hasChildren(host: Host): boolean {
  const { pid } = host.system;
  const children = readTrimmed(host, `/proc/${pid}/task/${pid}/children`, 4096);
  // A kernel without this file (CONFIG_PROC_CHILDREN) cannot say no.
  return children === undefined || children !== '';
}
