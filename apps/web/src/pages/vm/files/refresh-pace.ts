import type { Timers } from '@innkeeper/kit';

/** Milliseconds between refreshes: after a quiet time the first, then twice as long each time, up to the second. */
const paceMs = { first: 1000, slowest: 10_000 } as const;

export interface RefreshPaceOptions {
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** Refreshes come one after the other; it must not reject. */
  readonly refresh: () => Promise<void>;
}

/** Turns changes that may come all the time into refreshes that do not: none is missed, but many share one. */
export class RefreshPace {
  readonly #options: RefreshPaceOptions;
  #gapMs: number = paceMs.first;
  #lastMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isRunning = false;
  #isStale = false;
  #isPaused = false;

  constructor(options: RefreshPaceOptions) {
    this.#options = options;
  }

  changed(): void {
    this.#isStale = true;
    this.#schedule();
  }

  /** While paused nothing is refreshed: nobody looks at the page. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#schedule();
  }

  stop(): void {
    this.#isPaused = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    if (!this.#isStale || this.#isPaused || this.#isRunning || this.#cancel !== undefined) return;
    const quietMs = this.#options.nowMs() - this.#lastMs;
    if (quietMs > paceMs.slowest) this.#gapMs = paceMs.first;
    this.#cancel = this.#options.timers.setTimer(Math.max(0, this.#gapMs - quietMs), () => {
      this.#cancel = undefined;
      if (!this.#isPaused) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isStale = false;
    this.#isRunning = true;
    if (this.#lastMs > Number.NEGATIVE_INFINITY) this.#gapMs = Math.min(this.#gapMs * 2, paceMs.slowest);
    await this.#options.refresh();
    this.#lastMs = this.#options.nowMs();
    this.#isRunning = false;
    this.#schedule();
  }
}
