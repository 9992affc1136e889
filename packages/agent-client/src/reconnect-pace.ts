import type { SessionLostError } from './links/native/session/session-lost-error.ts';

/** A guest that broke the rules is asked again ever later. */
const misbehaveWaitsMs = [1000, 5000, 15_000, 30_000];
const reconnectWaitMs = 200;
/** Sessions in a row that may end soon after they began, as while a guest boots; then each next one waits twice as long. */
const freeReconnects = 8;
const longestWaitMs = 30_000;
/** A session that lasted so long was a good one: what was before it is forgotten. */
const goodSessionMs = 60_000;

/** How long to wait between two sessions with one guest, so that one that keeps ending them costs little. */
export class ReconnectPace {
  #misbehaved = 0;
  #short = 0;

  /** Milliseconds to wait after a session, or a try that had an answer, ended with `why` after `lastedMs`. */
  waitMs(why: SessionLostError, lastedMs: number): number {
    if (lastedMs >= goodSessionMs) {
      this.#misbehaved = 0;
      this.#short = 0;
    }
    if (why.reason === 'GUEST_MISBEHAVES')
      return misbehaveWaitsMs[Math.min(this.#misbehaved++, misbehaveWaitsMs.length - 1)] ?? longestWaitMs;
    this.#short++;
    return Math.min(reconnectWaitMs * 2 ** Math.max(0, this.#short - freeReconnects), longestWaitMs);
  }

  /** After a try that nobody answered. */
  get unansweredWaitMs(): number {
    return reconnectWaitMs;
  }
}
