import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';

const tickMs = 10_000;

/**
 * Calls back when a guest has had `ms` of running time, to enforce here a deadline that the guest should keep. Pauses
 * do not count. The returned function cancels it.
 */
export function afterGuestTime(
  sessions: Pick<LinkSessions, 'lastSeenMs' | 'isPaused'>,
  clock: LinkClock,
  ms: number,
  callback: () => void,
): () => void {
  let leftMs = ms;
  let isOver = false;
  let cancel: () => void = () => undefined;
  const count = async (stepMs: number): Promise<void> => {
    // A guest that sent something was not paused; otherwise ask.
    const wasHeard = (sessions.lastSeenMs ?? Number.NEGATIVE_INFINITY) >= clock.nowMs() - stepMs;
    if (wasHeard || !(await sessions.isPaused())) leftMs -= stepMs;
    if (isOver) return;
    if (leftMs <= 0) callback();
    else tick();
  };
  const tick = (): void => {
    const stepMs = Math.min(tickMs, leftMs);
    cancel = clock.setTimer(stepMs, () => void count(stepMs));
  };
  tick();
  return () => {
    isOver = true;
    cancel();
  };
}
