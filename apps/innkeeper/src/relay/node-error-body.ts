import { isReasonName, OperationError, type WireError } from '@innkeeper/contract';

/** The error in the body of an answer of the node; an Error without a reason for any other body. */
export function fromErrorBody(text: string): Error {
  try {
    const error = JSON.parse(text) as WireError;
    if (typeof error.reason === 'string' && isReasonName(error.reason)) return OperationError.fromWire(error);
  } catch {
    // No JSON: something else than a node answered.
  }
  return new Error('the node answered with an unknown error body');
}
