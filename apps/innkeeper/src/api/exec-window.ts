import { createDeferred, type Deferred, kib } from '@innkeeper/kit';

/**
 * Maximum output in flight to a client without acknowledgement: half of the output that the agent retains for readers
 * that reconnect, so that a client that lost the daemon finds everything after its last offset.
 */
export const execWindowBytes = 128 * kib;

/** Flow control of a process's output by the client's acknowledgements. */
export class ExecWindow {
  #sent: number | undefined;
  #acknowledged = 0;
  #waiting: Deferred<void> | undefined;

  /** Whether sending waits for an acknowledgement. */
  get isFull(): boolean {
    return this.#sent !== undefined && this.#sent - this.#acknowledged > execWindowBytes;
  }

  /** Records that output from `start` to `end` was sent. Output before the first call counts as acknowledged. */
  sent(start: number, end: number): void {
    if (this.#sent === undefined) this.#acknowledged = Math.max(this.#acknowledged, start);
    this.#sent = end;
  }

  /** Records that the client has consumed everything before `offset`. */
  acknowledge(offset: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    if (this.isFull) return;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Resolves when more may be sent; rejects with the signal's reason. */
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
