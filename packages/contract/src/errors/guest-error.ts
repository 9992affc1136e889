import { cleanText } from '@innkeeper/kit';
import { OperationError } from './operation-error.ts';
import type { Reason } from './reason.ts';
import { isReasonName, reasons } from './reasons.ts';

/** Of a guest's words in an error. */
export const maxGuestMessageCharacters = 1000;
const maxReasonCharacters = 60;

/**
 * What an agent ended a call with, as an error of the daemon. Reasons that the registry leaves to guests pass, with a
 * message of one line of at most 1,000 characters. Any other reason becomes AGENT_ERROR and its words are quoted: a guest
 * must not log a caller out, name a next step, or pick an exit code that is the daemon's.
 */
export function guestError(reason: string, message: string): OperationError {
  const words = cleanText(message, maxGuestMessageCharacters);
  if (isReasonName(reason) && (reasons[reason] as Reason).raisedByGuest === true)
    return new OperationError(reason, words);
  const named = reason === '' ? 'without a reason' : `with ${cleanText(reason, maxReasonCharacters)}`;
  return new OperationError('AGENT_ERROR', `The agent failed ${named}: "${words}"`);
}
