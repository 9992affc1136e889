import { createDeferred, type Deferred, kib } from '@innkeeper/kit';

/**
 * Output that may be on its way to a client without being acknowledged. Half of what the agent keeps of taken output
 * for a reader that comes back: a client that lost the daemon finds all that follows its own last offset.
 */
export const execWindowBytes = 128 * kib;

/** How much of a process's output a client has taken. The follower waits while too much is on its way. */
export class ExecWindow {
  #sent: number | undefined;
  #acknowledged = 0;
  #waiting: Deferred<void> | undefined;

  /** Whether the follower waits for an acknowledgement. */
  get isFull(): boolean {
    return this.#sent !== undefined && this.#sent - this.#acknowledged > execWindowBytes;
  }

  /** Output from `start` to `end` was sent. What lies before the first of it is not waited for. */
  sent(start: number, end: number): void {
    if (this.#sent === undefined) this.#acknowledged = Math.max(this.#acknowledged, start);
    this.#sent = end;
  }

  /** The client has consumed all before `offset`. */
  acknowledge(offset: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    if (this.isFull) return;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Resolves when there is room; rejects with the signal's reason. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull) {
      signal.throwIfAborted();
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
  }
}
