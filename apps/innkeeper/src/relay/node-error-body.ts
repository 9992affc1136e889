import { isReasonName, OperationError, type WireError } from '@innkeeper/contract';

/** The error in the body of an answer of the node; an Error without a reason when there is none. */
export function fromErrorBody(text: string): Error {
  try {
    const error = JSON.parse(text) as WireError;
    if (typeof error.reason === 'string' && isReasonName(error.reason)) return OperationError.fromWire(error);
  } catch {
    // No JSON: something else than a node answered.
  }
  return new Error('the node answered with what is no error of it');
}
