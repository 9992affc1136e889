import * as host from 'host';

const SIGKILL = 9;

/** Kills a process, or with a negative number its group, that may be gone already. */
export function killQuietly(pid: number): void {
  try {
    host.kill(pid, SIGKILL);
  } catch {
    // ESRCH: it ended by itself a moment ago.
  }
}
