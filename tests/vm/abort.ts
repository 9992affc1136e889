/** Processes that must not outlive the tests: daemons, and the hypervisors of their VMs. */
const pids = new Set<number>();

/** Kills a process when a signal ends the test file before its cleanup; returns a function that unregisters it. */
export function killOnAbort(pid: number): () => void {
  pids.add(pid);
  return () => pids.delete(pid);
}

/** Sends SIGKILL to a process that may have ended already. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function abort(): void {
  for (const pid of pids) killNow(pid);
  process.exit(1);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, abort);
