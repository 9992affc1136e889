import { OperationError } from '@innkeeper/contract/errors';

/** An error that the daemon told in a text message of a WebSocket. */
export function toldError(message: Readonly<Record<string, unknown>>): OperationError {
  return OperationError.fromWire(message, { message: 'The daemon reported an error.' });
}
