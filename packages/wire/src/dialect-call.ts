import type { OperationError } from '@innkeeper/contract/errors';

/** What a request of a foreign dialect becomes: one generic call, and a fold of its answers into the dialect's reply. */
export interface DialectCall<Reply> {
  /** Full name of the method. */
  readonly method: string;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. */
  readonly timeoutMs: number;
  /** The encoded requests, made as they are taken. */
  requests(): Iterable<Uint8Array>;
  /** Takes an encoded answer and copies what it keeps of it. True: no other is wanted, and the call may be cancelled. */
  take(body: Uint8Array): boolean;
  /** The reply, once the call has ended or `take` wanted no more; with the error when it failed. */
  finish(error: OperationError | undefined): Reply;
}
