import { messageCharge } from '@innkeeper/wire';

/** Duplicates and late frames that cost nothing to forgive. */
const forgivenBytes = 64 * 1024;
/** More than all calls of a session can have on their way when all are given up at once. */
const maxAllowance = 64 * 1024 * 1024;

/**
 * Counts what an agent sends for calls that are over. What was on its way when a call was given up is legal, so each of
 * those adds what it had credit for; beyond that the agent answers nobody.
 */
export class StrayAnswers {
  #allowance = forgivenBytes;

  /** A call was given up that might still be answered by so much. */
  allow(bytes: number): void {
    this.#allowance = Math.min(this.#allowance + bytes, maxAllowance);
  }

  /** A frame for a call that is over. False when there were more than can be legal. */
  admit(bytes: number): boolean {
    this.#allowance -= messageCharge(bytes);
    return this.#allowance >= 0;
  }
}
