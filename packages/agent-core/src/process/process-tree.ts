import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { markerName } from './environment.ts';
import { SIGKILL } from './signals.ts';

/** A command with all its descendants. */
export interface Tree {
  /** The first process: the leader of its session, whose id is the same. */
  readonly leader: number;
  /** The marker in the environment of every process of the tree. */
  readonly id: string;
  /** The leader was reaped: a process with its id, if any, is unrelated. */
  readonly leaderEnded: boolean;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

const maxProcesses = 100_000;
/** Maximum number of rounds for a tree that forks while it is killed. */
const maxKillRounds = 8;

/**
 * The processes of a tree, its leader among them: descendants, members of its session, and those that left both but
 * still carry its marker in their environment (they became the agent's children, as it is their subreaper).
 */
function processesOfTree(host: Host, { leader, id, leaderEnded }: Tree): number[] {
  const entries = host.files
    .readDirectory('/proc', maxProcesses)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(host, Number(name)))
    .filter((entry) => entry !== undefined);
  // The kernel does not reuse a session's id while the session has members, so a process with it now is unrelated.
  const reused = leaderEnded && entries.some((entry) => entry.pid === leader);
  const found = new Set<number>();
  for (const { pid, parent, session } of entries) {
    const isOurs = !reused && (pid === leader || session === leader);
    if (isOurs || (parent === host.system.pid && hasMarker(host, pid, id))) found.add(pid);
  }
  // Children may be listed before their parents, so repeat until nothing is added.
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

/** The number of processes left in a tree whose leader has ended. Only searches if there is a sign of any. */
export function countOrphans(host: Host, tree: Tree): number {
  return groupExists(host, tree.leader) || hasChildren(host) ? processesOfTree(host, tree).length : 0;
}

/**
 * Sends a signal to every process of a tree; returns the number of recipients. KILL is repeated until no new ones
 * appear.
 */
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
    // ESRCH: ended since it was listed. EPERM: the program runs as root and the agent does not.
    if (!hasErrno(error, 'ESRCH', 'EPERM')) throw error;
    return false;
  }
}

function readEntry(host: Host, pid: number): Entry | undefined {
  const text = readTrimmed(host, `/proc/${pid}/stat`, 1024);
  if (text === undefined) return undefined;
  // The name may have spaces and parentheses: the fields follow the last one. state ppid pgrp session …
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

/** Whether the agent has any children: adopted orphans, or other commands. */
function hasChildren(host: Host): boolean {
  const { pid } = host.system;
  const children = readTrimmed(host, `/proc/${pid}/task/${pid}/children`, 4096);
  // Without this file (CONFIG_PROC_CHILDREN) there may be some.
  return children === undefined || children !== '';
}
