import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';

const tickMs = 10_000;

/**
 * Calls back when a guest has had `ms` of time, so that a deadline which the guest should keep is kept here too. The
 * time of a pause does not count. The function returned takes it back.
 */
export function afterGuestTime(
  sessions: Pick<LinkSessions, 'lastSeenMs' | 'isPaused'>,
  clock: LinkClock,
  ms: number,
  callback: () => void,
): () => void {
  let leftMs = ms;
  let isOver = false;
  let takeBack: () => void = () => undefined;
  const count = async (stepMs: number): Promise<void> => {
    // One that was heard was not paused; one that was not is asked about.
    const wasHeard = (sessions.lastSeenMs ?? Number.NEGATIVE_INFINITY) >= clock.nowMs() - stepMs;
    if (wasHeard || !(await sessions.isPaused())) leftMs -= stepMs;
    if (isOver) return;
    if (leftMs <= 0) callback();
    else tick();
  };
  const tick = (): void => {
    const stepMs = Math.min(tickMs, leftMs);
    takeBack = clock.setTimer(stepMs, () => void count(stepMs));
  };
  tick();
  return () => {
    isOver = true;
    takeBack();
  };
}
