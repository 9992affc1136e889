import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A process; its start time (/proc/PID/stat field 22) distinguishes it from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** The fields of /proc/PID/stat in use. */
export interface ProcessStat {
  /** R, S, D, … Z is a zombie: ended, and not yet reaped by its parent. */
  readonly state: string;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly startTicks: string;
}

/** Parses /proc/PID/stat. The name is in parentheses and may contain anything, including spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, userTicks, systemTicks, startTicks] = [fields[0], fields[11], fields[12], fields[19]];
  if (state === undefined || userTicks === undefined || systemTicks === undefined || startTicks === undefined) {
    return undefined;
  }
  return { state, userTicks: Number(userTicks), systemTicks: Number(systemTicks), startTicks };
}

/** The start time of a live process; undefined if no process has this pid. */
export function findStartTicks(pid: number): string | undefined {
  return readProcessStat(pid)?.startTicks;
}

/** /proc/PID/stat of a process; undefined if it has ended. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // ENOENT or ESRCH: it has ended. Reading this file fails in no other way.
    return undefined;
  }
}

/** Whether this exact process is alive. A zombie is not: it runs nothing and holds nothing. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = readProcessStat(process.pid);
  return stat !== undefined && stat.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** The arguments of a process; empty if it has ended. */
export async function readArguments(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  } catch {
    // As above.
    return [];
  }
}
