import { setTimeout as delay } from 'node:timers/promises';
import type { ExecSession } from '@innkeeper/agent-client';

/** Milliseconds between TERM and KILL. */
export const cancelGraceMs = 5000;
const sigterm = 15;
export const sigkill = 9;

export interface EndTreeOptions {
  /** Aborted when the process has ended, or nobody follows it any more. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  /** A signal did not get there; it is sent again. */
  readonly onError: (error: unknown) => void;
}

/** TERM to the whole tree, KILL after the grace, and again, until the process has ended. Never rejects. */
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

/** The time, or until the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
