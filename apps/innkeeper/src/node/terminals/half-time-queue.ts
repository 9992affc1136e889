import { Semaphore } from '@innkeeper/kit';

/**
 * Limits all terminals together to half of the daemon's time: after each piece of work it pauses as long as the work took.
 * First come, first served, so that a flooding terminal delays another one by a single piece.
 */
export class HalfTimeQueue {
  readonly #turns = new Semaphore(1);

  /** Does the work when its turn comes; resolves when it is done. After `stop` there are no pauses. */
  async turn(work: () => Promise<void>, stop?: AbortSignal): Promise<void> {
    const release = await this.#turns.acquire();
    const beganMs = performance.now();
    try {
      await work();
    } finally {
      const tookMs = performance.now() - beganMs;
      // The resolution of timers.
      if (tookMs < 2 || stop?.aborted === true) release();
      else setTimeout(release, tookMs);
    }
  }
}
