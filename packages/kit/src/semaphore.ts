import { onAbort } from './on-abort.ts';

/** Limits how many do something at the same time; others wait in order. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** The number of waiters. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves to a function that releases the permit; further calls do nothing. Rejects with the signal's reason. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let isHeld = true;
    return () => {
      if (isHeld) this.#release();
      isHeld = false;
    };
  }

  /** Runs `work` while holding a permit. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.acquire(signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        stop();
        resolve();
      };
      const stop = onAbort(signal, (reason) => {
        this.#waiting.delete(turn);
        reject(reason);
      });
      this.#waiting.add(turn);
    });
  }

  /** The permit goes to the longest waiter. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
