import { OperationError } from '@innkeeper/contract';
import { type Operation, OperationState } from '@innkeeper/contract/control';
import { operationOutcome } from '../components/operation-title.ts';
import { showToast } from '../components/toasts.tsx';

/** Shows what an operation that ended did, or why it failed. */
export function notifyOperation(operation: Operation): void {
  const { id, state, errorMessage: message, errorNextStep: nextStep, errorReason: reason } = operation;
  const toast = { id: `operation ${id}`, title: operationOutcome(operation) };
  if (state !== OperationState.FAILED) showToast({ ...toast, tone: 'ok' });
  else showToast({ ...toast, tone: 'bad', error: OperationError.fromWire({ reason, message, nextStep }) });
}
