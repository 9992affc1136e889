import { OperationError } from '@innkeeper/contract';
import type { LiveError } from '@innkeeper/contract/control';

/** Why a topic ended, as every other error is. */
export function liveError(error: LiveError): OperationError {
  return OperationError.fromWire(error);
}
