import { kib, Notifier } from '@innkeeper/kit';

/** Maximum bytes in flight without acknowledgement, in each direction of a tunnel. */
export const tunnelWindowBytes = 512 * kib;

/** Flow control of the bytes to a client by its acknowledgements. */
export class TunnelWindow {
  sentBytes = 0;
  #acknowledged = 0;
  readonly #acknowledgements = new Notifier();

  sent(bytes: number): void {
    this.sentBytes += bytes;
  }

  acknowledge(bytes: number): void {
    this.#acknowledged += bytes;
    this.#acknowledgements.notify();
  }

  /** Resolves when more may be sent; rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> {
    return this.#acknowledgements.until(() => this.sentBytes - this.#acknowledged < tunnelWindowBytes, signal);
  }
}
