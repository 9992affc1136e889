import { readFile, writeFile } from 'node:fs/promises';

/** Peak resident memory of a process in KiB; `reset` restarts the measurement. */
export async function agentPeakKib(pid: number, { reset = false } = {}): Promise<number> {
  // proc_pid_clear_refs(5): 5 resets the peak to the current value.
  if (reset) await writeFile(`/proc/${pid}/clear_refs`, '5');
  return Number(/^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
