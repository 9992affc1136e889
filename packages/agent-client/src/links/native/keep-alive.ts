import { errorMessage, type Log, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import type { NativeSession } from './session/native-session.ts';
import { SessionLostError } from './session/session-lost-error.ts';

/** Silence after which the agent is asked, again and again, and after which it is called lost. */
const askAfterMs = 5000;
const lostAfterMs = 15_000;

export interface KeepAliveOptions {
  readonly clock: LinkClock;
  readonly log: Log;
  readonly isPaused: () => Promise<boolean>;
  /** Asks the agent something small. */
  readonly ask: (session: NativeSession) => Promise<void>;
}

/**
 * Resolves with why a session ended; never rejects. Asks the agent after 5 s in which nothing valid came, and ends the
 * session after 15 s. The time of a pause does not count: a guest that goes on gets all of its 15 s.
 */
export async function keepAlive(session: NativeSession, options: KeepAliveOptions): Promise<SessionLostError> {
  const { clock, ask } = options;
  const stop = new AbortController();
  const ended = session.ended.finally(() => stop.abort());
  let countFromMs = clock.nowMs();
  while (!stop.signal.aborted) {
    const silentMs = clock.nowMs() - Math.max(countFromMs, session.lastSeenMs ?? 0);
    let waitMs = askAfterMs - silentMs;
    if (silentMs >= askAfterMs) {
      if (await isPausedOrOver(ended, options)) {
        countFromMs = clock.nowMs();
        waitMs = askAfterMs;
      } else if (silentMs >= lostAfterMs) {
        session.end(new SessionLostError('AGENT_UNREACHABLE', `nothing heard for ${Math.round(silentMs / 1000)} s`));
        break;
      } else {
        // Its answer counts, not its success: any valid frame says that the agent lives.
        ask(session).catch(() => undefined);
        waitMs = Math.min(askAfterMs, lostAfterMs - silentMs);
      }
    }
    await pause(clock, waitMs, stop.signal);
  }
  return await ended;
}

/** Whether silence is no news now. A hypervisor that does not answer either is not known to be paused. */
async function isPausedOrOver(ended: Promise<unknown>, { isPaused, log }: KeepAliveOptions): Promise<boolean> {
  try {
    return await Promise.race([isPaused(), ended.then(() => true)]);
  } catch (error) {
    log.debug('link.pause-unknown', { error: errorMessage(error) });
    return false;
  }
}
