import { isOperationError } from '@innkeeper/contract/errors';
import { pause } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { timers } from './time-and-chance.ts';

/** Milliseconds between attempts; the last value repeats. */
const waitsMs = [250, 500, 1000, 2000, 4000] as const;
/** After a connection that lasted this many milliseconds, waits restart with the shortest. */
const stableMs = 5000;
/** Default milliseconds to wait for a lost daemon. */
const defaultWithinMs = 60_000;

export interface ResumeOptions {
  /** Milliseconds after a loss in which the daemon must come back. Default: 60,000. */
  readonly withinMs?: number | undefined;
}

/** Back-off for reconnecting to a daemon: how long to wait between attempts, and when to give up. */
export class Resume {
  readonly #withinMs: number;
  #attempts = 0;
  #lostAtMs: number | undefined;
  #backAtMs: number | undefined;

  constructor({ withinMs = defaultWithinMs }: ResumeOptions = {}) {
    this.#withinMs = withinMs;
  }

  /** Whether the connection was lost and is not back yet. */
  get isLost(): boolean {
    return this.#lostAtMs !== undefined;
  }

  /** Records a loss or a failed attempt. Returns the milliseconds until the next attempt; undefined: give up. */
  lost(): number | undefined {
    const nowMs = performance.now();
    if (this.#backAtMs !== undefined && nowMs - this.#backAtMs > stableMs) this.#attempts = 0;
    this.#backAtMs = undefined;
    this.#lostAtMs ??= nowMs;
    if (nowMs - this.#lostAtMs > this.#withinMs) return undefined;
    return waitsMs[Math.min(this.#attempts++, waitsMs.length - 1)];
  }

  /** Records that the connection works. Returns whether it was lost before. */
  back(): boolean {
    const wasLost = this.isLost;
    this.#lostAtMs = undefined;
    this.#backAtMs ??= performance.now();
    return wasLost;
  }

  /** Restarts with the shortest wait, when the next attempt is likely to succeed. */
  retrySoon(): void {
    this.#attempts = 0;
  }

  /** Like `lost`, and waits. Rejects with `error` when it is time to give up, or with the abort's error. */
  async pause(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.lost();
    if (waitMs === undefined) throw error;
    await pause(timers, waitMs, signal);
    if (signal?.aborted === true) throw abortError(signal);
  }
}

/** Whether an error means that the daemon is not reachable, so that a retry may help. */
export function isLoss(error: unknown): boolean {
  return isOperationError(error) && error.reason === 'DAEMON_UNREACHABLE';
}

/** A chunk of output and its position in the stream. */
interface Output {
  offset: bigint;
  data: Uint8Array;
}

/**
 * Trims output that was sent again to the part from `next`, the offset after the last byte received. Returns false if
 * nothing remains.
 */
export function cutOverlap(output: Output, next: bigint): boolean {
  const { offset, data } = output;
  if (data.length > 0 && offset + BigInt(data.length) <= next) return false;
  if (offset < next) {
    output.data = data.subarray(Number(next - offset));
    output.offset = next;
  }
  return true;
}
