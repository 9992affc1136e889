import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readRegularFile } from '@innkeeper/kit/node';
import { killProcess } from '../process/kill-process.ts';
import { findStartTicks, readArguments } from '../process/process-identity.ts';
import { pidFileOf } from './run-files.ts';

const maxPidFileBytes = 100;
const leftoverTimeoutMs = 10_000;

/**
 * Ends a QEMU that a daemon started and died before it could write that down. It stands still (-S) and holds the disk;
 * nobody else knows of it. Its pid file tells the pid, its arguments that it is this VM's. False when there was none.
 */
export async function endLeftover(runDirectory: string): Promise<boolean> {
  const pidFile = pidFileOf(runDirectory);
  if (!existsSync(pidFile)) return false;
  const pid = Number.parseInt((await readRegularFile(pidFile, maxPidFileBytes)).toString('latin1'), 10);
  const startTicks = Number.isSafeInteger(pid) && pid > 1 ? findStartTicks(pid) : undefined;
  const isLeft = startTicks !== undefined && (await readArguments(pid)).includes(pidFile);
  if (isLeft) await killProcess({ pid, startTicks }, 'An earlier QEMU of this VM', leftoverTimeoutMs);
  await rm(pidFile, { force: true });
  return isLeft;
}
