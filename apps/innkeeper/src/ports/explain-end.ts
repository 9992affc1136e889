import { isOperationError } from '@innkeeper/contract';
import type { VmApi } from './node-api.ts';

/** An operation of the guest that was given up because its VM ended says that, and not that somebody gave up. */
export async function explainEnd(error: unknown, vm: VmApi, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted || !isOperationError(error) || error.reason !== 'CANCELED') return error;
  try {
    await vm.agent({ signal });
    return error;
  } catch (why) {
    return why;
  }
}
