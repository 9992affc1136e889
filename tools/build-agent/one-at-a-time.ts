import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { claimName } from '../claim-name.ts';

const lookEveryMs = 200;

/**
 * Waits until no other process works in this folder, and keeps others waiting until this process ends.
 */
export async function oneAtATime(folder: string, onWait: () => void): Promise<void> {
  const name = `innkeeper-build-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  for (let hasWaited = false; !(await claimName(name)); hasWaited = true) {
    if (!hasWaited) onWait();
    await delay(lookEveryMs);
  }
}
