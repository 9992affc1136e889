import { OperationError } from '@innkeeper/contract/errors';
import { type Allowance, ByteBudget } from '@innkeeper/wire';
import { answerBudgetBytes, maxRunningCalls, requestBudgetBytes } from './limits.ts';

/** Limits of one session: concurrent calls, memory of their requests, and memory of their answers. */
export class CallSlots {
  readonly #answers = new ByteBudget(answerBudgetBytes);
  #running = 0;
  #requestBytes = 0;

  /** Memory for an answer; released when it is sent. */
  openAnswer(): Allowance {
    return this.#answers.open();
  }

  /** The error if a request of this size cannot be accepted now. One is always accepted if nothing else runs. */
  refusal(requestBytes: number): OperationError | undefined {
    const isFull =
      this.#running >= maxRunningCalls || (this.#running > 0 && this.#requestBytes + requestBytes > requestBudgetBytes);
    return isFull
      ? new OperationError('TOO_MANY_CALLS', `${this.#running} requests are already running, the maximum.`)
      : undefined;
  }

  /** Reserves a slot until the returned function is called. Without `count` only memory is reserved. */
  take(requestBytes: number, counts: boolean): () => void {
    if (counts) this.#running++;
    this.#requestBytes += requestBytes;
    return () => {
      if (counts) this.#running--;
      this.#requestBytes -= requestBytes;
    };
  }
}
