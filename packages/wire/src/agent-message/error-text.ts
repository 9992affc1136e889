import type { OperationError } from '@innkeeper/contract/errors';

/** An error as the single string that this dialect's responses have for it: "FILE_NOT_FOUND: what happened". */
export function errorText(error: OperationError | undefined): string {
  return error === undefined ? '' : `${error.reason}: ${error.message}`;
}
