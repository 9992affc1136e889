import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Kills a hypervisor that a daemon started and did not live to write down. Its pid file tells the pid, its arguments
 * that it is this VM's and no other process that got the number since.
 */
export async function killUnrecorded(runFolder: string): Promise<boolean> {
  const pidFile = join(runFolder, 'qemu.pid');
  try {
    const pid = Number.parseInt(await readFile(pidFile, 'latin1'), 10);
    if (!Number.isSafeInteger(pid) || pid < 2) return false;
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (!argv.includes(pidFile)) return false;
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    // No pid file, or no such process: nothing is left.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
}
