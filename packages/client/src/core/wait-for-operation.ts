import type { Client } from '@connectrpc/connect';
import { type Operation, type OperationService, OperationState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { callOptions } from './services.ts';

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called on every change. */
  readonly onProgress?: ((operation: Operation) => void) | undefined;
}

/** Follows an operation to its end. Rejects with its error, or with CANCELED. */
export async function waitForOperation(
  client: Client<typeof OperationService>,
  id: string,
  options: WaitOptions = {},
): Promise<Operation> {
  for await (const operation of client.watchOperation({ id }, callOptions(options))) {
    options.onProgress?.(operation);
    if (operation.state === OperationState.RUNNING || operation.state === OperationState.UNSPECIFIED) continue;
    if (operation.state === OperationState.SUCCEEDED) return operation;
    throw failureOf(operation);
  }
  throw new OperationError('INTERNAL', `The daemon stopped reporting operation ${id} before it had ended.`);
}

function failureOf(operation: Operation): OperationError {
  if (operation.state === OperationState.CANCELED)
    return new OperationError('CANCELED', `${operation.kind} of ${operation.target} was cancelled.`);
  const { errorReason: reason, errorMessage: message, errorNextStep: nextStep } = operation;
  return OperationError.fromWire({ reason, message, nextStep });
}
