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
  /**
   * Asked when the call has ended without an error: the call that goes on in its place, such as for the next page.
   * Undefined, or without it: there is none, and `finish` has the reply.
   */
  next?(): DialectCall<Reply> | undefined;
  /** The reply, once the call has ended or `take` returned true; with the error if it failed. */
  finish(error: OperationError | undefined): Reply;
}
