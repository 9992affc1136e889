import type { ErrorSeverity } from '@innkeeper/contract/agent-message';
import { AgentMessageLite, ErrorEventLite } from '@innkeeper/contract/agent-message-lite';
import type { OperationError } from '@innkeeper/contract/errors';
import { liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageReply } from './reply.ts';

/** Payload fields 10 to 34 are requests, and the response to each is 40 higher. */
const firstRequest = 10;
const lastRequest = 34;
const responseOffset = 40;
const errorEventField = 102;
/** ErrorSeverity.ERROR; the enum is not loaded in the agent. */
const severityError = 1;

/** Whether a payload field of AgentMessage is a request. */
export function isRequestField(field: number): boolean {
  return field >= firstRequest && field <= lastRequest;
}

/**
 * The answer to a request that was not carried out: the response to it, with its `error`, or an error event where the
 * response has no such field or the request is not known.
 */
export function refusalReply(requestField: number, error: OperationError): AgentMessageReply {
  const field = requestField + responseOffset;
  const response = isRequestField(requestField) ? AgentMessageLite.byNumber.get(field)?.type?.() : undefined;
  if (response?.fields.some(({ name }) => name === 'error')) {
    return { field, parts: [liteEncode(response, { error: errorText(error) } as Record<string, unknown>)] };
  }
  const event = { severity: severityError as ErrorSeverity, code: error.reason, message: error.message };
  return { field: errorEventField, parts: [liteEncode(ErrorEventLite, event)] };
}
