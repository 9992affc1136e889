/**
 * Lets all terminals together use no more than half of the daemon's time: after a piece of work as much time passes as it
 * took. In order, so that one that floods delays another by one piece.
 */
export class Pace {
  #last: Promise<void> = Promise.resolve();

  /** Does the work when its turn comes; resolves when it is done. After `stop` nobody waits for the pause. */
  async turn(work: () => Promise<void>, stop?: AbortSignal): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    const beganMs = performance.now();
    try {
      await work();
    } finally {
      const tookMs = performance.now() - beganMs;
      // Timers are no finer.
      if (tookMs < 2 || stop?.aborted === true) resolve();
      else setTimeout(resolve, tookMs);
    }
  }
}
