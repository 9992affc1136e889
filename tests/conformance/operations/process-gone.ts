import { readFile } from 'node:fs/promises';
import { until } from '@innkeeper/kit/testing';

/** Resolves when the process has ended or is a zombie. */
export async function processGone(pid: number): Promise<void> {
  await until(async () => !(await isAlive(pid)), { what: `process ${pid} ends` });
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // ENOENT, or ESRCH if it ends during the read.
    return false;
  }
}
