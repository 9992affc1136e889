import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';
import type { DialectCall } from '@innkeeper/wire';
import type { Dispatcher } from '../dispatch.ts';

/** Runs the call of a request, and those that follow from it. Never rejects: an error is a response too. */
export async function runCall<Reply>(
  call: DialectCall<Reply>,
  dispatcher: Dispatcher,
  options: { readonly signal: AbortSignal },
): Promise<Reply> {
  let current = call;
  for (;;) {
    const error = await runOne(current, dispatcher, options.signal);
    const following = error === undefined ? current.next?.() : undefined;
    if (following === undefined) return current.finish(error);
    current = following;
  }
}

/** Resolves with its error. */
async function runOne(
  call: DialectCall<unknown>,
  dispatcher: Dispatcher,
  outer: AbortSignal,
): Promise<OperationError | undefined> {
  const linked = linkSignals(outer);
  let satisfied = false;
  const sink = async (body: Uint8Array): Promise<void> => {
    if (satisfied || !call.take(body)) return;
    satisfied = true;
    linked.abort(new OperationError('CANCELED', 'No further answer is needed.'));
  };
  try {
    const { signal } = linked;
    await dispatcher.call(call.method, inTurn(call.requests()), sink, { signal, timeoutMs: call.timeoutMs });
    return undefined;
  } catch (error) {
    return satisfied ? undefined : errorOf(error, outer);
  } finally {
    linked.unlink();
  }
}

/** An abort may have any reason, such as the agent's stop. */
function errorOf(error: unknown, signal: AbortSignal): OperationError {
  if (signal.aborted && !isOperationError(error)) return new OperationError('CANCELED', 'The session ended.');
  return OperationError.from(error);
}

/** Requests, each created when it is pulled. */
async function* inTurn(requests: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* requests;
}
