import { isOperationError } from '@innkeeper/contract/errors';
import { pause } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { timers } from './time-and-chance.ts';

/** Milliseconds between attempts; the last one again and again. */
const waitsMs = [250, 500, 1000, 2000, 4000] as const;
/** A connection that stood this long was a good one: the waits begin with the shortest again. */
const goodMs = 5000;
/** Milliseconds that a daemon which was lost is waited for, where nothing else is said. */
const returnWithinMs = 60_000;

export interface ResumeOptions {
  /** Milliseconds after a loss in which the daemon must come back. Default: 60,000. */
  readonly withinMs?: number | undefined;
}

/** The attempts to reach a daemon again: how long to wait between them, and when to give up. */
export class Resume {
  readonly #withinMs: number;
  #attempts = 0;
  #lostAtMs: number | undefined;
  #backAtMs: number | undefined;

  constructor({ withinMs = returnWithinMs }: ResumeOptions = {}) {
    this.#withinMs = withinMs;
  }

  /** Whether it was lost and has not come back. */
  get isLost(): boolean {
    return this.#lostAtMs !== undefined;
  }

  /** It was lost, or an attempt failed. Returns the milliseconds until the next attempt; undefined: give up. */
  lost(): number | undefined {
    const nowMs = performance.now();
    if (this.#backAtMs !== undefined && nowMs - this.#backAtMs > goodMs) this.#attempts = 0;
    this.#backAtMs = undefined;
    this.#lostAtMs ??= nowMs;
    if (nowMs - this.#lostAtMs > this.#withinMs) return undefined;
    return waitsMs[Math.min(this.#attempts++, waitsMs.length - 1)];
  }

  /** It is there. Returns whether it was lost before. */
  back(): boolean {
    const wasLost = this.isLost;
    this.#lostAtMs = undefined;
    this.#backAtMs ??= performance.now();
    return wasLost;
  }

  /** The next attempt is made without the long waits: there is a reason to think that it succeeds. */
  retrySoon(): void {
    this.#attempts = 0;
  }

  /** As `lost`, and waits. Rejects with `error` when it is time to give up, and with what an abort gives. */
  async pause(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.lost();
    if (waitMs === undefined) throw error;
    await pause(timers, waitMs, signal);
    if (signal?.aborted === true) throw abortError(signal);
  }
}

/** Whether an error says that the daemon is not there, so that trying again may help. */
export function isLoss(error: unknown): boolean {
  return isOperationError(error) && error.reason === 'DAEMON_UNREACHABLE';
}

/** A piece of output with its place in the whole. */
interface Output {
  offset: bigint;
  data: Uint8Array;
}

/**
 * Cuts from output that came again what lies before `next`, the offset after the last byte that was had. False: all of it
 * was had.
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
