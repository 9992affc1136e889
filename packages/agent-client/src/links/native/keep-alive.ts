import { errorMessage, type Log, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import type { NativeSession } from './session/native-session.ts';
import { SessionLostError } from './session/session-lost-error.ts';

/** Milliseconds of silence after which the agent is pinged repeatedly, and after which it is lost. */
const pingAfterMs = 5000;
const lostAfterMs = 15_000;

export interface KeepAliveOptions {
  readonly clock: LinkClock;
  readonly log: Log;
  readonly isPaused: () => Promise<boolean>;
  /** Sends a small request to the agent. */
  readonly ping: (session: NativeSession) => Promise<void>;
}

/**
 * Resolves with the reason why a session ended; never rejects. Pings the agent after 5 s without a valid frame, and
 * ends the session after 15 s. Pauses do not count: a guest that resumes gets the full 15 s.
 */
export async function keepAlive(session: NativeSession, options: KeepAliveOptions): Promise<SessionLostError> {
  const { clock, ping } = options;
  const stop = new AbortController();
  const ended = session.ended.finally(() => stop.abort());
  let countFromMs = clock.nowMs();
  while (!stop.signal.aborted) {
    const silentMs = clock.nowMs() - Math.max(countFromMs, session.lastSeenMs ?? 0);
    let waitMs = pingAfterMs - silentMs;
    if (silentMs >= pingAfterMs) {
      if (await isPausedOrEnded(ended, options)) {
        countFromMs = clock.nowMs();
        waitMs = pingAfterMs;
      } else if (silentMs >= lostAfterMs) {
        session.end(new SessionLostError('AGENT_UNREACHABLE', `nothing heard for ${Math.round(silentMs / 1000)} s`));
        break;
      } else {
        // Any answer counts, also an error: every valid frame shows that the agent is alive.
        ping(session).catch(() => undefined);
        waitMs = Math.min(pingAfterMs, lostAfterMs - silentMs);
      }
    }
    await pause(clock, waitMs, stop.signal);
  }
  return await ended;
}

/** Whether silence is expected now. A VM whose hypervisor does not answer counts as not paused. */
async function isPausedOrEnded(ended: Promise<unknown>, { isPaused, log }: KeepAliveOptions): Promise<boolean> {
  try {
    return await Promise.race([isPaused(), ended.then(() => true)]);
  } catch (error) {
    log.debug('link.pause-unknown', { error: errorMessage(error) });
    return false;
  }
}
