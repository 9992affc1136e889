import { kib, Notifier } from '@innkeeper/kit';

/**
 * Maximum output in flight to a client without acknowledgement: half of the output that the agent retains for readers
 * that reconnect, so that a client that lost the daemon finds everything after its last offset.
 */
export const execWindowBytes = 128 * kib;

/** Flow control of a process's output by the client's acknowledgements. */
export class ExecWindow {
  #sent: number | undefined;
  #acknowledged = 0;
  readonly #acknowledgements = new Notifier();

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
    this.#acknowledgements.notify();
  }

  /** Resolves when more may be sent; rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> {
    return this.#acknowledgements.until(() => !this.isFull, signal);
  }
}
