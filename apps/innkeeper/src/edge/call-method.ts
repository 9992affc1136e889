import type { StreamResponse, UnaryResponse } from '@connectrpc/connect';
import { linkSignals } from '@innkeeper/kit';
import { fromConnect } from './api-error.ts';
import type { AuthorizedCall } from './gate.ts';

type Answer = UnaryResponse | StreamResponse;

export interface MethodCall {
  readonly call: AuthorizedCall;
  /** Aborted when the caller leaves. */
  readonly left: AbortSignal;
  /** Ends the call, successfully or with this error. Called at least once; repetitions change nothing. */
  readonly close: (error?: unknown) => Promise<void>;
}

/** Calls a method until its caller leaves, or may no longer call it. A stream ends with its last message. */
export async function callMethod(
  { call, left, close }: MethodCall,
  method: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const { signal, unlink } = linkSignals(left, call.signal);
  const end = async (): Promise<void> => {
    unlink();
    await close();
  };
  const fail = async (error: unknown): Promise<unknown> => {
    const why = call.signal.aborted ? call.signal.reason : fromConnect(error);
    unlink();
    await close(why);
    return why;
  };
  async function* untilEnd<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* messages;
    } catch (error) {
      throw await fail(error);
    } finally {
      await end();
    }
  }
  try {
    const answer = await method(signal);
    if (answer.stream) return { ...answer, message: untilEnd(answer.message) };
    await end();
    return answer;
  } catch (error) {
    throw await fail(error);
  }
}
