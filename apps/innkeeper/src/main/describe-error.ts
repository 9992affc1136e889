import { isOperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';

/** An error as a person in a terminal reads it. */
export function describeError(error: unknown): string {
  return isOperationError(error) ? `${error.message} ${error.nextStep}` : errorMessage(error);
}
