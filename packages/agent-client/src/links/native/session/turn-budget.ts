import { Notifier } from '@innkeeper/kit';
import type { LinkClock } from '../../../clock.ts';

/** Work that one session may cause in a turn of the event loop: two reads of a port, or 64 small messages. */
const turnBytes = 256 * 1024;
/** The cost of a message besides its bytes, when it is decoded and again when it is delivered. */
const messageBytes = 2048;

/**
 * Shares the event loop between VMs: decoding a frame and delivering a message are charged here, and when the budget is
 * spent the work waits for the next turn. So a guest that floods slows only itself.
 */
export class TurnBudget {
  readonly #clock: Pick<LinkClock, 'nextTurn'>;
  #left = turnBytes;
  #isRunning = false;
  readonly #next = new Notifier();

  constructor(clock: Pick<LinkClock, 'nextTurn'>) {
    this.#clock = clock;
  }

  /**
   * Charges one message of this size. Returns a promise if this turn's budget is spent: await it before further work.
   */
  spend(bytes: number): Promise<void> | undefined {
    this.#left -= messageBytes + bytes;
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#clock.nextTurn(() => this.#renew());
    }
    if (this.#left > 0) return undefined;
    return this.#next.changed();
  }

  #renew(): void {
    this.#isRunning = false;
    this.#left = turnBytes;
    this.#next.notify();
  }
}
