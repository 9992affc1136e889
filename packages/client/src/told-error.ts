import { isReasonName, OperationError } from '@innkeeper/contract/errors';

/** An error that the daemon told in a text message of a WebSocket. */
export function toldError(message: Readonly<Record<string, unknown>>): OperationError {
  const { reason, message: text, nextStep } = message;
  const name = String(reason);
  return new OperationError(isReasonName(name) ? name : 'INTERNAL', String(text ?? 'The daemon told an error.'), {
    nextStep: typeof nextStep === 'string' ? nextStep : undefined,
  });
}
