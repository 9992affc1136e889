import { OperationError } from '@innkeeper/contract/errors';
import { maxRequestBytes } from '@innkeeper/contract/limits';

/** Maximum bytes of parts that the calls of a session hold; the node sends its long requests one after the other. */
const maxHeldBytes = 2 * maxRequestBytes;

/** Counts the memory of the parts of long requests in one session. */
export class PartsBudget {
  #held = 0;

  /** @throws OperationError TOO_MANY_CALLS */
  take(bytes: number): void {
    if (this.#held + bytes > maxHeldBytes)
      throw new OperationError('TOO_MANY_CALLS', 'Too many long requests at once.');
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Joins a request that is longer than a frame from its parts. */
export class RequestParts {
  readonly #budget: PartsBudget;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(budget: PartsBudget) {
    this.#budget = budget;
  }

  /** Whether a request has begun and the next message continues it. */
  get isOpen(): boolean {
    return this.#parts.length > 0;
  }

  /**
   * Keeps a copy of a part.
   * @throws OperationError INVALID_ARGUMENT, TOO_MANY_CALLS
   */
  push(part: Uint8Array): void {
    const bytes = this.#bytes + part.length;
    if (bytes > maxRequestBytes)
      throw new OperationError(
        'INVALID_ARGUMENT',
        `The request has at least ${bytes} bytes; the maximum is ${maxRequestBytes}.`,
      );
    this.#budget.take(part.length);
    this.#bytes = bytes;
    this.#parts.push(part.slice());
  }

  /** Returns all parts as one message, and starts over. */
  join(): Uint8Array {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.clear();
    return whole;
  }

  clear(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
    this.#parts = [];
  }
}
