import type { Timers } from '@innkeeper/kit';

/** Time as the link uses it; a test hands in its own. */
export interface LinkClock extends Timers {
  /** Milliseconds that only go forward. */
  nowMs(): number;
  /** Wall time, nanoseconds since the Unix epoch. */
  wallNs(): bigint;
  /** Calls back once others have had their turn of the event loop. */
  nextTurn(callback: () => void): void;
}
