import { readFile, writeFile } from 'node:fs/promises';

/** The most memory that a process had resident, in KiB; with `reset`, from now on. */
export async function agentPeakKib(pid: number, { reset = false } = {}): Promise<number> {
  // proc_pid_clear_refs(5): 5 sets the peak to what it is now.
  if (reset) await writeFile(`/proc/${pid}/clear_refs`, '5');
  return Number(/^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
