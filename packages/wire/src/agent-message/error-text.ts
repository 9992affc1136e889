import type { OperationError } from '@innkeeper/contract/errors';

/** An error in the one string that responses of this dialect have for it: "FILE_NOT_FOUND: what happened". */
export function errorText(error: OperationError | undefined): string {
  return error === undefined ? '' : `${error.reason}: ${error.message}`;
}
