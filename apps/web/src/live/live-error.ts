import { isReasonName, OperationError } from '@innkeeper/contract';
import type { LiveError } from '@innkeeper/contract/control';

/** Why a topic ended, as every other error is. */
export function liveError({ reason, message, nextStep }: LiveError): OperationError {
  return new OperationError(isReasonName(reason) ? reason : 'INTERNAL', message, { nextStep });
}
