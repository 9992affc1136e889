import { isClockOff } from '@innkeeper/contract/control';
import { isClockTime } from '@innkeeper/contract/limits';
import { errorMessage, type Log } from '@innkeeper/kit';

/** Milliseconds between two attempts to correct a clock. */
const retryMs = 20_000;
/** A reading that takes longer says too little about the guest's clock. */
const maxRoundTripMs = 2_000;

export interface GuestClockOptions {
  /**
   * Moves the guest's wall clock by `stepNs` and returns it, in nanoseconds since the Unix epoch. Undefined: it is only
   * compared, as of adopted VMs.
   */
  readonly adjust: ((stepNs: bigint) => Promise<bigint>) | undefined;
  /** This node's wall clock in nanoseconds. */
  readonly nowNs: () => bigint;
  readonly log: Log;
  readonly onChange: () => void;
}

/**
 * Compares a guest's clock with the node's at every report, and corrects it when it is off by more than 5 s from there, or
 * from where somebody set it. The step is
 * relative, so that a request that arrives late does not set a wrong time.
 */
export class GuestClock {
  readonly #options: GuestClockOptions;
  #correcting = false;
  #triedNs: bigint | undefined;
  /** Where somebody wants the clock, as an offset from the node's. */
  #targetNs = 0n;
  /** Guest clock minus node clock at the last report; undefined before the first. */
  offsetNs: bigint | undefined;

  constructor(options: GuestClockOptions) {
    this.#options = options;
  }

  /** Somebody set the clock to `targetNs` from the node's: it is kept there. */
  noteSet({ targetNs, residualNs }: { readonly targetNs: bigint; readonly residualNs: bigint }): void {
    this.#targetNs = targetNs;
    this.offsetNs = targetNs + residualNs;
  }

  /** A report with this time of the guest arrived. 0 and an impossible time count as not reported. */
  async compare(guestNs: bigint): Promise<void> {
    const now = this.#options.nowNs();
    this.offsetNs = guestNs === 0n || !isClockTime(guestNs) ? undefined : guestNs - now;
    if (this.#options.adjust === undefined) return;
    if (this.offsetNs === undefined || !isClockOff(this.offsetNs - this.#targetNs) || this.#correcting) return;
    if (this.#triedNs !== undefined && now - this.#triedNs < BigInt(retryMs) * 1_000_000n) return;
    this.#triedNs = now;
    this.#correcting = true;
    try {
      await this.#correct();
    } catch (error) {
      // An agent of an older version, without the privilege to set the clock, or lost meanwhile: the offset stays reported.
      this.#options.log.warn('agent.clock-not-corrected', { message: errorMessage(error) });
    } finally {
      this.#correcting = false;
    }
  }

  async #correct(): Promise<void> {
    const { log, onChange } = this.#options;
    const offset = await this.#measure(0n);
    if (offset === undefined) return;
    const found = offset - this.#targetNs;
    // The report was late, not the clock.
    if (!isClockOff(found)) return;
    this.offsetNs = (await this.#measure(-found)) ?? this.#targetNs;
    log.info('agent.clock-corrected', { offsetMs: Number(found / 1_000_000n) });
    onChange();
  }

  /** The offset after a step; undefined if the answer took too long. */
  async #measure(stepNs: bigint): Promise<bigint | undefined> {
    const { adjust, nowNs } = this.#options;
    const start = nowNs();
    const guestNs = (await adjust?.(stepNs)) ?? start;
    const end = nowNs();
    return end - start > BigInt(maxRoundTripMs) * 1_000_000n ? undefined : guestNs - (start + end) / 2n;
  }
}
