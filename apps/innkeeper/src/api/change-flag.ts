import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred, type Deferred } from '@innkeeper/kit';

/** Minimum interval between updates of a watch, so that a busy VM costs a watcher no more than a quiet one. */
const watchIntervalMs = 250;

/** Remembers that something changed until the next look. Several changes between two looks count as one. */
export class ChangeFlag {
  #raised = false;
  #waiting: Deferred<void> | undefined;

  raise(): void {
    this.#raised = true;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Resolves as soon as there was a change since the last look; rejects with the signal's reason. */
  async look(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#raised) {
      const waiting = createDeferred<void>();
      this.#waiting = waiting;
      const onAbort = (): void => waiting.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await waiting.promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    }
    this.#raised = false;
  }

  /** Like `look`, but not before the watch interval has passed since the call. */
  async lookSlowly(signal: AbortSignal): Promise<void> {
    await delay(watchIntervalMs, undefined, { signal });
    await this.look(signal);
  }
}
