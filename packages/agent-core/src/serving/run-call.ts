import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';
import type { DialectCall } from '@innkeeper/wire';
import type { Dispatcher } from '../dispatch.ts';

/** Runs the call of a request. Never rejects: an error is a response too. */
export async function runCall<Reply>(
  call: DialectCall<Reply>,
  dispatcher: Dispatcher,
  options: { readonly signal: AbortSignal },
): Promise<Reply> {
  const linked = linkSignals(options.signal);
  let satisfied = false;
  const sink = async (body: Uint8Array): Promise<void> => {
    if (satisfied || !call.take(body)) return;
    satisfied = true;
    linked.abort(new OperationError('CANCELED', 'No further answer is needed.'));
  };
  try {
    const { signal } = linked;
    await dispatcher.call(call.method, inTurn(call.requests()), sink, { signal, timeoutMs: call.timeoutMs });
    return call.finish(undefined);
  } catch (error) {
    return call.finish(satisfied ? undefined : errorOf(error, options.signal));
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
