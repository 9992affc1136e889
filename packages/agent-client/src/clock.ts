import type { Timers } from '@innkeeper/kit';

/** The clock of a link; tests pass their own. */
export interface LinkClock extends Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Wall time, nanoseconds since the Unix epoch. */
  wallNs(): bigint;
  /** Calls back in a later turn of the event loop. */
  nextTurn(callback: () => void): void;
}
