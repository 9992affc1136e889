import { Notifier } from '@innkeeper/kit';

/** Bytes of answers that the other side still accepts for one call. A writer with any credit may send one message. */
export class SendCredit {
  #bytes: number;
  #unacknowledged = 0;
  readonly #changed = new Notifier();
  #failure: unknown;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Bytes sent and not yet reported as consumed by the other side. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledged;
  }

  get isAvailable(): boolean {
    return this.#bytes > 0;
  }

  grant(bytes: number): void {
    this.#bytes += bytes;
    this.#unacknowledged = Math.max(0, this.#unacknowledged - bytes);
    if (this.#bytes > 0) this.#changed.notify();
  }

  spend(bytes: number): void {
    this.#bytes -= bytes;
    this.#unacknowledged += bytes;
  }

  /** Resolves when there is credit; rejects once the call is over. Returns at once if there is some. */
  async available(): Promise<void> {
    while (this.#bytes <= 0 && this.#failure === undefined) {
      await this.#changed.changed();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#changed.notify();
  }
}
