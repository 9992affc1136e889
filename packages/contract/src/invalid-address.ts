import { OperationError } from './errors/index.ts';

/** The error for a text that is not the address of an agent. */
export function invalidAddress(text: string, why: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', `"${text.slice(0, 200)}" is not the address of an agent: ${why}.`);
}
