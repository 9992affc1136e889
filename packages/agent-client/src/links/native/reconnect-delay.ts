import type { SessionLostError } from './session/session-lost-error.ts';

/** Delays in milliseconds after a guest broke the rules, increasing. */
const misbehaveWaitsMs = [1000, 5000, 15_000, 30_000];
const reconnectWaitMs = 200;
/** Number of consecutive sessions that may end early, as while a guest boots; then the delay doubles each time. */
const freeReconnects = 8;
const longestWaitMs = 30_000;
/** Milliseconds after which a session counts as stable and resets the delay. */
const stableSessionMs = 60_000;

/** The delay between two sessions with one guest, so that a guest that keeps ending them costs little. */
export class ReconnectDelay {
  #misbehaved = 0;
  #short = 0;

  /** Milliseconds to wait after a session, or an answered attempt, ended with `why` after `lastedMs`. */
  nextMs(why: SessionLostError, lastedMs: number): number {
    if (lastedMs >= stableSessionMs) {
      this.#misbehaved = 0;
      this.#short = 0;
    }
    if (why.reason === 'GUEST_MISBEHAVES')
      return misbehaveWaitsMs[Math.min(this.#misbehaved++, misbehaveWaitsMs.length - 1)] ?? longestWaitMs;
    this.#short++;
    return Math.min(reconnectWaitMs * 2 ** Math.max(0, this.#short - freeReconnects), longestWaitMs);
  }

  /** After an attempt without an answer. */
  get unansweredMs(): number {
    return reconnectWaitMs;
  }
}
