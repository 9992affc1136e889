import { OperationError } from '@innkeeper/contract';

/** The error for callers with a token or through the unix socket, where a session is required. */
export function sessionNeeded(what: string): OperationError {
  return new OperationError('PRIVILEGE_MISSING', `Only a user with a login session can ${what}.`, {
    nextStep: 'Log in to the web console.',
  });
}
