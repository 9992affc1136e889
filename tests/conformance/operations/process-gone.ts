import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/** Resolves when no process has this id any more, or only its remains; the test's own timeout bounds it. */
export async function processGone(pid: number): Promise<void> {
  while (await isAlive(pid)) await setImmediate();
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // ENOENT, or ESRCH when it ends while it is read.
    return false;
  }
}
