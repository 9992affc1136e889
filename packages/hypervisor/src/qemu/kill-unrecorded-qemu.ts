import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { readRegularFile } from '@innkeeper/kit/node';
import { killProcess } from '../process/kill-process.ts';
import { findStartTicks, readArguments } from '../process/process-identity.ts';
import { logFileOf, pidFileOf } from './run-files.ts';

const maxPidFileBytes = 100;
const killTimeoutMs = 10_000;

/**
 * Kills a QEMU that a daemon started and crashed before recording. It is stopped (-S) and holds the disk; no record
 * names it. Its pid file has the pid. Its arguments, or its log file if the directory was moved, show that it is this
 * VM's. False if there was none.
 */
export async function killUnrecordedQemu(runDirectory: string): Promise<boolean> {
  const pidFile = pidFileOf(runDirectory);
  if (!existsSync(pidFile)) return false;
  const pid = Number.parseInt((await readRegularFile(pidFile, maxPidFileBytes)).toString('latin1'), 10);
  const startTicks = Number.isSafeInteger(pid) && pid > 1 ? findStartTicks(pid) : undefined;
  const isRunning =
    startTicks !== undefined && ((await readArguments(pid)).includes(pidFile) || (await writesTo(pid, runDirectory)));
  if (isRunning) await killProcess({ pid, startTicks }, 'An earlier QEMU of this VM', killTimeoutMs);
  await rm(pidFile, { force: true });
  return isRunning;
}

/** Whether a process's standard output is the log of this run directory. */
async function writesTo(pid: number, runDirectory: string): Promise<boolean> {
  try {
    const [output, log] = await Promise.all([stat(`/proc/${pid}/fd/1`), stat(logFileOf(runDirectory))]);
    return output.dev === log.dev && output.ino === log.ino;
  } catch {
    // It is gone, it is another user's, or there is no log: not this VM's.
    return false;
  }
}
