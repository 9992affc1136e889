import type { OperationError } from '@innkeeper/contract/errors';
import type { QgaSteps } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import { runCall } from '../../serving/run-call.ts';

/** Carries out a command's calls, one after the other. Rejects with what the command throws. */
export async function runSteps<T>(steps: QgaSteps<T>, dispatcher: Dispatcher, signal: AbortSignal): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    const finish = (error: OperationError | undefined): OperationError | undefined => error;
    const failure = await runCall({ ...step.value, finish }, dispatcher, { signal });
    step = failure === undefined ? steps.next() : steps.throw(failure);
  }
  return step.value;
}
