import { cleanText } from '@innkeeper/kit';
import { OperationError } from './operation-error.ts';
import type { Reason } from './reason.ts';
import { isReasonName, reasons } from './reasons.ts';

/** Limit of a guest's message in an error. */
const maxGuestMessageCharacters = 1000;
const maxReasonCharacters = 60;

/**
 * Converts the error with which an agent ended a call to an error of the daemon. Reasons that the registry allows for
 * guests pass, with a message of one line of at most 1,000 characters. Any other reason becomes AGENT_ERROR with the
 * message quoted: a guest must not log a caller out, name a next step, or choose an exit code reserved for the daemon.
 */
export function guestError(reason: string, message: string): OperationError {
  const words = cleanText(message, maxGuestMessageCharacters);
  if (isReasonName(reason) && (reasons[reason] as Reason).raisedByGuest === true)
    return new OperationError(reason, words);
  const named = reason === '' ? 'without a reason' : `with ${cleanText(reason, maxReasonCharacters)}`;
  return new OperationError('AGENT_ERROR', `The agent failed ${named}: "${words}"`);
}
