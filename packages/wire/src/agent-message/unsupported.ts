import { AgentMessageLite, ErrorEventLite, ErrorSeverity } from '@innkeeper/contract/agent-message-lite';
import {
  agentMessageErrorTag,
  agentMessageGetCapabilitiesTag,
  agentMessagePingTag,
  agentMessagePongTag,
} from '@innkeeper/contract/agent-message-tags';
import type { OperationError } from '@innkeeper/contract/errors';
import { liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageReply } from './reply.ts';

/** Payload fields in this range are requests, and the response to each has this offset. */
const firstRequest = agentMessagePingTag >>> 3;
const lastRequest = agentMessageGetCapabilitiesTag >>> 3;
const responseOffset = (agentMessagePongTag >>> 3) - firstRequest;

/** Whether a payload field of AgentMessage is a request. */
function isRequestField(field: number): boolean {
  return field >= firstRequest && field <= lastRequest;
}

/**
 * The answer to a request that was not performed: its response with `error`, or an error event if the response has no
 * such field or the request is unknown.
 */
export function refusalReply(requestField: number, error: OperationError): AgentMessageReply {
  return isRequestField(requestField) ? failedReply((requestField + responseOffset) * 8 + 2, error) : errorEvent(error);
}

/** A response, by its tag in AgentMessage, with `error`; or an error event if it has no such field. */
export function failedReply(tag: number, error: OperationError): AgentMessageReply {
  const response = AgentMessageLite.byNumber.get(tag >>> 3)?.type?.();
  if (response === undefined || !response.fields.some(({ name }) => name === 'error')) return errorEvent(error);
  return { tag, parts: [liteEncode(response, { error: errorText(error) } as Record<string, unknown>)] };
}

function errorEvent(error: OperationError): AgentMessageReply {
  const event = { severity: ErrorSeverity.ERROR, code: error.reason, message: error.message };
  return { tag: agentMessageErrorTag, parts: [liteEncode(ErrorEventLite, event)] };
}
