import type { OperationError } from '@innkeeper/contract/errors';

/** A request of a foreign dialect as one generic call, and a fold of its answers into the dialect's reply. */
export interface DialectCall<Reply> {
  /** Full name of the method. */
  readonly method: string;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. */
  readonly timeoutMs: number;
  /** The encoded requests, created as they are pulled. */
  requests(): Iterable<Uint8Array>;
  /**
   * Handles an encoded answer, copying what it keeps. True: no other answer is needed, and the call may be cancelled.
   */
  take(body: Uint8Array): boolean;
  /** The reply, once the call has ended or `take` returned true; with the error if it failed. */
  finish(error: OperationError | undefined): Reply;
}
