import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readRegularFile } from '@innkeeper/kit/node';

const maxPidFileBytes = 100;
const endPollMs = 50;
const endPolls = 100;

/** Kills a process that has this start time, and waits 5 s at most for its end. */
export async function killProcess(pid: number, startTicks: string): Promise<void> {
  for (let poll = 0; poll < endPolls && (await readStartTicks(pid)) === startTicks; poll++) {
    if (poll === 0) process.kill(pid, 'SIGKILL');
    await delay(endPollMs);
  }
}

/** Field 22 of /proc/PID/stat; undefined for a process that is gone, or dead and not waited for. */
async function readStartTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name, which may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

/**
 * Kills a hypervisor that a daemon started and did not live to write down. Its pid file tells the pid, its arguments
 * that it is this VM's and no other process that got the number since.
 */
export async function killUnrecorded(runFolder: string): Promise<boolean> {
  const pidFile = join(runFolder, 'qemu.pid');
  try {
    const pid = Number.parseInt((await readRegularFile(pidFile, maxPidFileBytes)).toString('latin1'), 10);
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
