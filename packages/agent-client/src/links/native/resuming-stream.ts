import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import type { StreamOptions } from '../../agent-link.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { type StreamLink, streamCall } from './stream-call.ts';

/** How a stream of answers continues in another session. */
export interface Continuation<I extends DescMessage, O extends DescMessage> {
  /** The request that continues after what has arrived; at first, the caller's. */
  requestAfter(first: MessageInitShape<I>): MessageInitShape<I>;
  /** Takes note of an answer. Returns what the caller gets; undefined: nothing. */
  take(answer: MessageShape<O>): MessageShape<O> | undefined;
  /** Whether the caller would neither miss anything unnoticed nor get anything twice. */
  canContinue(): boolean;
}

/**
 * A stream of answers over any number of sessions, such as before and after an update of the agent. Rejects with
 * AGENT_UNREACHABLE if no session opens for 30 s, or if it cannot be continued.
 */
export async function* resumingStream<I extends DescMessage, O extends DescMessage>(
  link: StreamLink,
  method: LiteMethod<I, O>,
  requests: AsyncIterable<MessageInitShape<I>>,
  continuation: Continuation<I, O>,
  options: StreamOptions = {},
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const first = await requests[Symbol.asyncIterator]().next();
  async function* request() {
    if (first.done !== true) yield continuation.requestAfter(first.value);
  }
  for (;;) {
    try {
      for await (const answer of streamCall(link, method, request(), options)) {
        const seen = continuation.take(answer);
        if (seen !== undefined) yield seen;
      }
      return;
    } catch (error) {
      const isLost = error instanceof OperationError && error.cause instanceof SessionLostError;
      if (!isLost || !continuation.canContinue() || options.signal?.aborted === true) throw error;
    }
  }
}
