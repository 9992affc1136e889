import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readRegularFile } from '@innkeeper/kit/node';
import { killProcess } from '../process/kill-process.ts';
import { findStartTicks, readArguments } from '../process/process-identity.ts';
import { pidFileOf } from './run-files.ts';

const maxPidFileBytes = 100;
const killTimeoutMs = 10_000;

/**
 * Kills a QEMU that a daemon started and crashed before recording. It is stopped (-S) and holds the disk; no record
 * names it. Its pid file has the pid, and its arguments show that it is this VM's. False if there was none.
 */
export async function killUnrecordedQemu(runDirectory: string): Promise<boolean> {
  const pidFile = pidFileOf(runDirectory);
  if (!existsSync(pidFile)) return false;
  const pid = Number.parseInt((await readRegularFile(pidFile, maxPidFileBytes)).toString('latin1'), 10);
  const startTicks = Number.isSafeInteger(pid) && pid > 1 ? findStartTicks(pid) : undefined;
  const isRunning = startTicks !== undefined && (await readArguments(pid)).includes(pidFile);
  if (isRunning) await killProcess({ pid, startTicks }, 'An earlier QEMU of this VM', killTimeoutMs);
  await rm(pidFile, { force: true });
  return isRunning;
}
