import { isOperationError } from '@innkeeper/contract';

/** An error as a person in a terminal reads it. */
export function describeError(error: unknown): string {
  return isOperationError(error) ? `${error.message} ${error.nextStep}` : messageOf(error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
