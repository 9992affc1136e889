import type { AgentMessage, FileWriteRequest } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import type { Allowance } from '../byte-budget.ts';
import { executeCall } from './execute.ts';
import { fileReadCall } from './file-read.ts';
import type { GuestLimits } from './limits.ts';
import { pingCall } from './ping.ts';
import { quiesceCall, thawCall } from './quiesce.ts';
import type { AgentMessageCall } from './reply.ts';
import { shutdownCall } from './shutdown.ts';
import { syncTimeCall } from './sync-time.ts';
import { isRequestField } from './unsupported.ts';

/**
 * The translation of a message. `file-write`: may be one of several for a file (`fileWriteKind`). `unsupported`: a
 * request that this agent does not serve. `ignored`: not a request, such as a response or an event.
 */
export type TranslatedRequest =
  | { readonly kind: 'call'; readonly call: AgentMessageCall }
  | { readonly kind: 'file-write'; readonly request: FileWriteRequest }
  | { readonly kind: 'unsupported'; readonly name: string }
  | { readonly kind: 'ignored' };

export interface TranslateOptions {
  /** Generates an id that no process of this agent has: 1 to 64 characters of [A-Za-z0-9_-]. */
  freshId(): string;
  /** Memory for the answer. */
  readonly allowance: Allowance;
  /** The guest's own; default: none beyond those of the dialect. */
  readonly limits?: GuestLimits | undefined;
}

export function translateRequest(message: AgentMessage, options: TranslateOptions): TranslatedRequest {
  const { payload } = message;
  switch (payload.case) {
    case 'ping':
      return { kind: 'call', call: pingCall(payload.value) };
    case 'execute':
      return { kind: 'call', call: executeCall(payload.value, options.freshId(), options.allowance, options.limits) };
    case 'fileRead':
      return { kind: 'call', call: fileReadCall(payload.value, options.allowance, options.limits) };
    case 'fileWrite':
      return { kind: 'file-write', request: payload.value };
    case 'shutdown':
      return { kind: 'call', call: shutdownCall(payload.value) };
    case 'quiesce':
      return { kind: 'call', call: quiesceCall(payload.value, options.freshId()) };
    case 'thaw':
      return { kind: 'call', call: thawCall(payload.value) };
    case 'syncTime':
      return { kind: 'call', call: syncTimeCall(payload.value) };
    case undefined:
      return { kind: 'ignored' };
    default:
      return isRequestField(payloadField(message)) ? { kind: 'unsupported', name: payload.case } : { kind: 'ignored' };
  }
}

/** Number of a message's payload field in AgentMessage; 0 if it has no payload. */
export function payloadField(message: AgentMessage): number {
  const name = message.payload.case;
  return AgentMessageLite.fields.find((field) => field.oneof === 'payload' && field.name === name)?.number ?? 0;
}
