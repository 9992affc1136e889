import { OperationError } from '@innkeeper/contract';

/** For what a token, or who comes through the unix socket, cannot do: it concerns a session. */
export function sessionNeeded(what: string): OperationError {
  return new OperationError('PRIVILEGE_MISSING', `Only somebody who logged in can ${what}.`, {
    nextStep: 'Log in to the web console.',
  });
}
