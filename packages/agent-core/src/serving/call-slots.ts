import { OperationError } from '@innkeeper/contract/errors';
import { type Allowance, ByteBudget } from '@innkeeper/wire';
import { answerBudgetBytes, maxRunningCalls, requestBudgetBytes } from './limits.ts';

/** Bounds what one session carries out at once: calls, the memory of their requests, and that of their answers. */
export class CallSlots {
  readonly #answers = new ByteBudget(answerBudgetBytes);
  #running = 0;
  #requestBytes = 0;

  /** What an answer may take of memory; released when it is sent. */
  openAnswer(): Allowance {
    return this.#answers.open();
  }

  /** Why a request of so many bytes is not taken now. One is always taken when nothing else runs. */
  refusal(requestBytes: number): OperationError | undefined {
    const isFull =
      this.#running >= maxRunningCalls || (this.#running > 0 && this.#requestBytes + requestBytes > requestBudgetBytes);
    return isFull
      ? new OperationError('TOO_MANY_CALLS', `${this.#running} requests are being carried out.`)
      : undefined;
  }

  /** Holds a place until the function that it returns is called. One that does not `count` takes memory alone. */
  take(requestBytes: number, counts: boolean): () => void {
    if (counts) this.#running++;
    this.#requestBytes += requestBytes;
    return () => {
      if (counts) this.#running--;
      this.#requestBytes -= requestBytes;
    };
  }
}
