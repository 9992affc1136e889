import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Milliseconds after which a partial file belongs to nobody, whoever wrote it. */
const keepMs = 60 * 60 * 1000;
const pattern = /^\.inn-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{16}\.part$/;
const here = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * The name of an incomplete copy, beside its target. It cannot be guessed, so that nobody can put a link there first, and
 * it says which process writes it.
 */
export function newPartName(): string {
  return `.inn-${here}-${process.pid}-${randomBytes(8).toString('hex')}.part`;
}

/** Removes the incomplete copies in a folder that a killed process has left. Never throws. */
export function removeDeadParts(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const [, host, pid] = pattern.exec(name) ?? [];
      if (pid !== undefined) removeIfDead(join(folder, name), host === here && !isRunning(Number(pid)));
    }
  } catch {
    // A folder that may be written but not read.
  }
}

function removeIfDead(path: string, isDead: boolean): void {
  try {
    if (isDead || Date.now() - lstatSync(path).mtimeMs > keepMs) unlinkSync(path);
  } catch {
    // Another process removed it first, or it is another user's.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
