import { isReasonName, OperationError } from '@innkeeper/contract';

/** The error in the body of an answer of the node; an Error without a reason when there is none. */
export function fromErrorBody(text: string): Error {
  try {
    const { reason, message, nextStep } = JSON.parse(text) as { reason?: string; message?: string; nextStep?: string };
    if (reason !== undefined && isReasonName(reason)) {
      return new OperationError(reason, message ?? '', nextStep === undefined ? {} : { nextStep });
    }
  } catch {
    // No JSON: something else than a node answered.
  }
  return new Error('the node answered with what is no error of it');
}
