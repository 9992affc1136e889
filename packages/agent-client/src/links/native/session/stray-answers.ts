import { messageCharge } from '@innkeeper/wire';

/** Duplicates and late frames that are always tolerated. */
const toleranceBytes = 64 * 1024;
/** More than all calls of a session can have in flight when all are canceled at once. */
const maxAllowance = 64 * 1024 * 1024;

/**
 * Counts frames for calls that have ended. Frames in flight when a call was canceled are legal, so each canceled call
 * adds the credit it had; beyond that the agent misbehaves.
 */
export class StrayAnswers {
  #allowance = toleranceBytes;

  /** A call was canceled that may still be answered with this many bytes. */
  allow(bytes: number): void {
    this.#allowance = Math.min(this.#allowance + bytes, maxAllowance);
  }

  /** A frame for an ended call. False if there were more than are legal. */
  admit(bytes: number): boolean {
    this.#allowance -= messageCharge(bytes);
    return this.#allowance >= 0;
  }
}
