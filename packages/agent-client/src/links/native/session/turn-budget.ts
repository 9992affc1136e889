import { Notifier } from '@innkeeper/kit';
import type { LinkClock } from '../../../clock.ts';

/** Work that one session may cause in a turn of the event loop: two reads of a port, or 64 small messages. */
const turnBytes = 256 * 1024;
/** What a message costs besides its bytes, when it is decoded and again when it is handed over. */
const messageBytes = 2048;

/**
 * Shares the event loop between VMs: decoding a frame and handing a message to its reader are paid from here, and who
 * finds it spent waits for the next turn. So a guest that floods slows itself, and nobody else.
 */
export class TurnBudget {
  readonly #clock: Pick<LinkClock, 'nextTurn'>;
  #left = turnBytes;
  #isRunning = false;
  readonly #next = new Notifier();

  constructor(clock: Pick<LinkClock, 'nextTurn'>) {
    this.#clock = clock;
  }

  /** Pays for one message of so many bytes. A promise when this turn's share is spent: to be awaited before more is done. */
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
