import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/** Resolves when the process has ended or is a zombie; limited by the test's timeout. */
export async function processGone(pid: number): Promise<void> {
  while (await isAlive(pid)) await setImmediate();
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // ENOENT, or ESRCH if it ends during the read.
    return false;
  }
}
