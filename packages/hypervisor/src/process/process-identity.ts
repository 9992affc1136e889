import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A process, told from a later one with the same pid by when it started (/proc/PID/stat field 22). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** The fields of /proc/PID/stat that are looked at. */
export interface ProcessStat {
  /** R, S, D, … Z is a zombie: dead, and not yet collected by its parent. */
  readonly state: string;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly startTicks: string;
}

/** Parses /proc/PID/stat. The name stands in parentheses and may hold anything, spaces and parentheses too. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, userTicks, systemTicks, startTicks] = [fields[0], fields[11], fields[12], fields[19]];
  if (state === undefined || userTicks === undefined || systemTicks === undefined || startTicks === undefined) {
    return undefined;
  }
  return { state, userTicks: Number(userTicks), systemTicks: Number(systemTicks), startTicks };
}

/** The start time of a process that lives; undefined when none has this pid. */
export function findStartTicks(pid: number): string | undefined {
  return readProcessStat(pid)?.startTicks;
}

/** /proc/PID/stat of a process; undefined when it is gone. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // ENOENT or ESRCH: it is gone. Nothing else comes of reading this file.
    return undefined;
  }
}

/** Whether this very process lives. A zombie does not: it runs nothing and holds nothing. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = readProcessStat(process.pid);
  return stat !== undefined && stat.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** The arguments of a process; empty when it is gone. */
export async function readArguments(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  } catch {
    // As above.
    return [];
  }
}
