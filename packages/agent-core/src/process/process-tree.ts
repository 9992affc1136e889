import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { markerName } from './environment.ts';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/**
 * The processes of a tree, its leader among them: descendants, members of its session, and those that left both but
 * still carry its marker in their environment (they became the agent's children, as it is their subreaper).
 */
export function processesOfTree(host: Host, leader: number, id: string): number[] {
  const entries = host.files
    .readDirectory('/proc', 100_000)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(host, Number(name)))
    .filter((entry) => entry !== undefined);
  const found = new Set(
    entries.filter((entry) => entry.pid === leader || entry.session === leader).map((entry) => entry.pid),
  );
  for (const entry of entries)
    if (!found.has(entry.pid) && entry.parent === host.system.pid && hasMarker(host, entry.pid, id))
      found.add(entry.pid);
  // Children may be listed before their parents, so until nothing is added.
  for (let grew = true; grew; ) {
    grew = false;
    for (const entry of entries) {
      if (found.has(entry.pid) || !found.has(entry.parent)) continue;
      found.add(entry.pid);
      grew = true;
    }
  }
  return [...found];
}

/** How many processes of a tree are left when its leader has ended. Looks closer only when there is a sign of any. */
export function countOrphans(host: Host, leader: number, id: string): number {
  if (!groupExists(host, leader) && !hasStrangeChildren(host)) return 0;
  return processesOfTree(host, leader, id).filter((pid) => pid !== leader).length;
}

/** Sends a signal to every process of a tree; the number that got it. */
export function signalTree(host: Host, leader: number, id: string, signal: number): number {
  let count = 0;
  for (const pid of processesOfTree(host, leader, id)) {
    try {
      host.processes.kill(pid, signal);
      count++;
    } catch (error) {
      // Ended since it was listed.
      if (!hasErrno(error, 'ESRCH')) throw error;
    }
  }
  return count;
}

function readEntry(host: Host, pid: number): Entry | undefined {
  const text = readTrimmed(host, `/proc/${pid}/stat`, 1024);
  if (text === undefined) return undefined;
  // The name may have spaces and parentheses: what counts comes after the last one. state ppid pgrp session …
  const [state, parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z') return undefined;
  return { pid, parent: Number(parent), session: Number(session) };
}

function hasMarker(host: Host, pid: number, id: string): boolean {
  return readTrimmed(host, `/proc/${pid}/environ`, 65_536)?.split('\0').includes(`${markerName}=${id}`) ?? false;
}

function groupExists(host: Host, leader: number): boolean {
  try {
    host.processes.kill(-leader, 0);
    return true;
  } catch {
    // ESRCH: nobody is left in the group.
    return false;
  }
}

/** Whether the agent has children at all: orphans it took over, or other commands. */
function hasStrangeChildren(host: Host): boolean {
  const { pid } = host.system;
  const children = readTrimmed(host, `/proc/${pid}/task/${pid}/children`, 4096);
  // A kernel without this file (CONFIG_PROC_CHILDREN) cannot say no.
  return children === undefined || children !== '';
}
