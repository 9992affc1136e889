import { OperationError } from '@innkeeper/contract/errors';
import type { QgaSteps } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';

/** Carries out a command's calls, one after the other. Rejects with what the command throws. */
export async function runSteps<T>(steps: QgaSteps<T>, dispatcher: Dispatcher, signal: AbortSignal): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    const { method, requests, take, timeoutMs } = step.value;
    const sink = async (body: Uint8Array): Promise<void> => void take(body);
    let failure: OperationError | undefined;
    try {
      await dispatcher.call(method, inTurn(requests()), sink, { signal, timeoutMs });
    } catch (error) {
      failure = OperationError.from(error);
    }
    step = failure === undefined ? steps.next() : steps.throw(failure);
  }
  return step.value;
}

async function* inTurn(requests: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* requests;
}
