import * as host from 'host';

const SIGKILL = 9;

/** Kills a process, or a process group if `pid` is negative; one that already exited is not an error. */
export function killQuietly(pid: number): void {
  try {
    host.kill(pid, SIGKILL);
  } catch {
    // ESRCH: it has already exited.
  }
}
