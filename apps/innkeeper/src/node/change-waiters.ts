/** Those who wait for something to become true. */
export class ChangeWaiters {
  readonly #waiters = new Set<() => void>();

  /** Resolves when `condition` holds, checked now and at each `wake`. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      this.#waiters.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** Something changed. */
  wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
