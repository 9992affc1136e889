import { createDeferred, type Deferred } from './deferred.ts';
import { orAborted } from './on-abort.ts';

/** Wakes those who wait for a change. It carries no value: waiters look up the state, so no change is missed or queued. */
export class Notifier {
  #next: Deferred<void> | undefined;

  /** Wakes everyone who is waiting now. */
  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }

  /** Resolves at the next `notify`. Rejects with the signal's reason. */
  changed(signal?: AbortSignal): Promise<void> {
    this.#next ??= createDeferred();
    return orAborted(this.#next.promise, signal);
  }

  /** Resolves when `condition` is true, checked now and at each `notify`. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    while (!condition()) {
      signal?.throwIfAborted();
      await this.changed(signal);
    }
  }
}
