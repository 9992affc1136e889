import { readFileSync } from 'node:fs';
import type { HostUsage } from '../driver.ts';
import { type ProcessIdentity, readProcessStat } from './process-identity.ts';

/** USER_HZ: the value that Linux shows to user space on every supported architecture. */
const microsecondsPerTick = 10_000;

/** Resources that a process has used so far; undefined if it has ended. */
export function readUsage(process: ProcessIdentity): HostUsage | undefined {
  const stat = readProcessStat(process.pid);
  if (stat === undefined || stat.startTicks !== process.startTicks) return undefined;
  const rssBytes = readRssBytes(process.pid);
  if (rssBytes === undefined) return undefined;
  const isStopped = stat.state === 'T' || stat.state === 't';
  return { cpuTimeUs: (stat.userTicks + stat.systemTicks) * microsecondsPerTick, rssBytes, isStopped };
}

/** From `status`, which has a unit; `statm` would need the page size, which Node does not provide. */
function readRssBytes(pid: number): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    // A zombie has no such line.
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    // Ended between the two reads.
    return undefined;
  }
}
