import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { markerName } from './environment.ts';
import type { ExecGroup } from './exec-group.ts';
import { SIGKILL } from './signals.ts';

/** A command with all its descendants. */
export interface Tree {
  /** The first process: the leader of its session, whose id is the same. */
  readonly leader: number;
  /** The marker in the environment of every process of the tree. */
  readonly id: string;
  /** The leader was reaped: a process with its id, if any, is unrelated. */
  readonly leaderEnded: boolean;
  /** The cgroup of all its processes, if there is one. */
  readonly group: ExecGroup | undefined;
  /** When the leader was started, by the monotonic clock. */
  readonly startedMs: number;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** In clock ticks since the boot. */
  readonly started: number;
}

const maxProcesses = 100_000;
/** Maximum number of rounds for a tree that forks while it is killed. */
const maxKillRounds = 8;

/**
 * The processes of a tree, its leader among them: members of its cgroup, descendants, members of its session, and those
 * that left all of these but still carry its marker in their environment (they became the agent's children, as it is
 * their subreaper).
 */
function processesOfTree(host: Host, tree: Tree): number[] {
  return membersOf(host, readEntries(host), tree);
}

function readEntries(host: Host): Entry[] {
  return host.files
    .readDirectory('/proc', maxProcesses)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(host, Number(name)))
    .filter((entry) => entry !== undefined);
}

function membersOf(host: Host, entries: readonly Entry[], { leader, id, leaderEnded, group }: Tree): number[] {
  // The kernel does not reuse a session's id while the session has members, so a process with it now is unrelated.
  const reused = leaderEnded && entries.some((entry) => entry.pid === leader);
  const members = new Set(group?.members());
  const found = new Set<number>();
  for (const { pid, parent, session } of entries) {
    const isOurs = members.has(pid) || (!reused && (pid === leader || session === leader));
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

/**
 * The number of processes left in a tree whose leader has ended. Only searches if there is a sign of any. Without a cgroup
 * this includes processes that changed their session and environment: their command is unknown.
 */
export function countOrphans(host: Host, tree: Tree): number {
  const isSign = tree.group === undefined ? hasChildren(host) : tree.group.members().length > 0;
  if (!isSign && !groupExists(host, tree.leader)) return 0;
  const entries = readEntries(host);
  return membersOf(host, entries, tree).length + (tree.group === undefined ? countStrays(host, entries, tree) : 0);
}

/** Children that the agent adopted, started after the command, and without any command's marker. */
function countStrays(host: Host, entries: readonly Entry[], { leader, startedMs }: Tree): number {
  const { pid: agent, clockTicksPerSecond } = host.system;
  const own = entries.find(({ pid }) => pid === agent)?.session;
  // Less a second, since the clocks differ.
  const since = (startedMs / 1000 - 1) * clockTicksPerSecond;
  return entries.filter(
    ({ pid, parent, session, started }) =>
      parent === agent && session !== own && session !== leader && started >= since && !hasAnyMarker(host, pid),
  ).length;
}

/**
 * Sends a signal to every process of a tree; returns the number of recipients. KILL is repeated until no new ones
 * appear.
 */
export function signalTree(host: Host, tree: Tree, signal: number): number {
  const signaled = new Set<number>();
  if (signal === SIGKILL && tree.group !== undefined) {
    const members = tree.group.members();
    if (tree.group.kill()) for (const pid of members) signaled.add(pid);
  }
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
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , session] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), session: Number(session), started: Number(fields[19] ?? 0) };
}

function hasMarker(host: Host, pid: number, id: string): boolean {
  return readTrimmed(host, `/proc/${pid}/environ`, 131_072)?.split('\0').includes(`${markerName}=${id}`) ?? false;
}

/** Also true for the agent's own programs (apps/agent/src/host/jobs.ts), and if the environment cannot be read. */
function hasAnyMarker(host: Host, pid: number): boolean {
  return readTrimmed(host, `/proc/${pid}/environ`, 131_072)?.includes('INNKEEPER_') ?? true;
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
