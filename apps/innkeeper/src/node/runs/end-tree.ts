import { setTimeout as delay } from 'node:timers/promises';
import type { ExecSession } from '@innkeeper/agent-client';

/** Milliseconds between TERM and KILL. */
export const cancelGraceMs = 5000;
const sigterm = 15;
export const sigkill = 9;

export interface EndTreeOptions {
  /** Aborted when the process has ended, or is no longer followed. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  /** Called when a signal could not be delivered; it is sent again. */
  readonly onError: (error: unknown) => void;
}

/** Sends TERM to the process tree, then KILL repeatedly after the grace period, until it has ended. Never rejects. */
export async function endTree(
  session: Pick<ExecSession, 'signal'>,
  { signal, graceMs, onError }: EndTreeOptions,
): Promise<void> {
  let next = sigterm;
  while (!signal.aborted) {
    try {
      await session.signal(next);
      next = sigkill;
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await pause(graceMs, signal);
  }
}

/** Waits for the time or the signal, whichever is first. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
