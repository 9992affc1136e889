import type { AgentMessage, FileWriteRequest } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import type { AgentMessageCall } from './agent-message-call.ts';
import { executeCall } from './execute.ts';
import { fileReadCall } from './file-read.ts';
import { fileWriteCall, fileWriteKind } from './file-write.ts';
import { pingCall } from './ping.ts';
import { shutdownCall } from './shutdown.ts';
import { isRequestField } from './unsupported.ts';

/**
 * What a message asks for. `chunk`: a file_write that belongs to an upload of several. `unsupported`: a request that
 * this agent does not serve. `ignored`: no request at all, such as a response or an event.
 */
export type TranslatedRequest =
  | { readonly kind: 'call'; readonly call: AgentMessageCall }
  | { readonly kind: 'chunk'; readonly first: boolean; readonly request: FileWriteRequest }
  | { readonly kind: 'unsupported'; readonly field: number; readonly name: string }
  | { readonly kind: 'ignored' };

/** @param freshId an id that no process of this agent has: 1 to 64 characters of [A-Za-z0-9_-]. */
export function translateRequest(message: AgentMessage, freshId: () => string): TranslatedRequest {
  const { payload } = message;
  switch (payload.case) {
    case 'ping':
      return { kind: 'call', call: pingCall(payload.value) };
    case 'execute':
      return { kind: 'call', call: executeCall(payload.value, freshId()) };
    case 'fileRead':
      return { kind: 'call', call: fileReadCall(payload.value) };
    case 'fileWrite': {
      const kind = fileWriteKind(payload.value);
      if (kind === 'whole') return { kind: 'call', call: fileWriteCall(payload.value) };
      return { kind: 'chunk', first: kind === 'first', request: payload.value };
    }
    case 'shutdown':
      return { kind: 'call', call: shutdownCall(payload.value) };
    case undefined:
      return { kind: 'ignored' };
    default: {
      const field = payloadField(payload.case);
      return isRequestField(field) ? { kind: 'unsupported', field, name: payload.case } : { kind: 'ignored' };
    }
  }
}

function payloadField(name: string): number {
  return AgentMessageLite.fields.find((field) => field.oneof === 'payload' && field.name === name)?.number ?? 0;
}
