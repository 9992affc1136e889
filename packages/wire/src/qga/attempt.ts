import { isOperationError, type OperationError } from '@innkeeper/contract/errors';
import type { QgaSteps } from './qga-command.ts';
import type { QgaError } from './qga-error.ts';

/** The steps, with the error of an operation in the words of QGA; undefined: it stays as it is. */
export function* attempt<T>(
  steps: QgaSteps<T>,
  translate: (error: OperationError) => QgaError | undefined,
): QgaSteps<T> {
  try {
    return yield* steps;
  } catch (error) {
    throw isOperationError(error) ? (translate(error) ?? error) : error;
  }
}
