import { createDeferred, type Deferred } from './deferred.ts';
import { orAborted } from './on-abort.ts';

/** Wakes those who wait for a change. What changed they look up themselves, so that no change is missed or kept. */
export class Notifier {
  #next: Deferred<void> | undefined;

  /** Something changed: everyone who waits now is woken. */
  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }

  /** Resolves at the next `notify`. Rejects with the signal's reason. */
  changed(signal?: AbortSignal): Promise<void> {
    this.#next ??= createDeferred();
    return orAborted(this.#next.promise, signal);
  }

  /** Resolves when `condition` holds, checked now and at each `notify`. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    while (!condition()) {
      signal?.throwIfAborted();
      await this.changed(signal);
    }
  }
}
