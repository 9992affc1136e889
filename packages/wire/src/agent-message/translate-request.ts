import type { AgentMessage, FileWriteRequest } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import type { Allowance } from '../byte-budget.ts';
import { configureNetworkCall } from './configure-network.ts';
import { createDirectoryCall } from './create-directory.ts';
import { executeCall } from './execute.ts';
import { fileDeleteCall } from './file-delete.ts';
import { fileReadCall } from './file-read.ts';
import { fileStatCall } from './file-stat.ts';
import { getCapabilitiesCall } from './get-capabilities.ts';
import { hardwareInfoCall } from './hardware-info.ts';
import { killProcessCall } from './kill-process.ts';
import type { GuestLimits } from './limits.ts';
import { listDirectoryCall } from './list-directory.ts';
import { listInstalledSoftwareCall } from './list-installed-software.ts';
import { listProcessesCall } from './list-processes.ts';
import { listServicesCall } from './list-services.ts';
import { pingCall } from './ping.ts';
import { quiesceCall, thawCall } from './quiesce.ts';
import type { AgentMessageCall } from './reply.ts';
import { resetPasswordCall } from './reset-password.ts';
import { serviceControlCall } from './service-control.ts';
import { shutdownCall } from './shutdown.ts';
import { syncTimeCall } from './sync-time.ts';

/**
 * The translation of a message. `file-write`: may be one of several for a file (`fileWriteKind`). `unsupported`: a
 * request that this agent does not serve, and why. `ignored`: not a request, such as a response or an event.
 */
export type TranslatedRequest =
  | { readonly kind: 'call'; readonly call: AgentMessageCall }
  | { readonly kind: 'file-write'; readonly request: FileWriteRequest }
  | { readonly kind: 'unsupported'; readonly why: string }
  | { readonly kind: 'ignored' };

/** Requests that are refused, with the reason. */
const unsupported: Readonly<Record<string, string>> = {
  displayResize: 'This agent serves no desktop: the guest’s display is that of its console.',
  clipboardUpdate: 'This agent serves no desktop, and so no clipboard.',
  clipboardGet: 'This agent serves no desktop, and so no clipboard.',
  agentUpdate: 'This agent takes only signed updates, and agent_update has no signature.',
};

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
  if (payload.case === undefined) return { kind: 'ignored' };
  if (payload.case === 'fileWrite') return { kind: 'file-write', request: payload.value };
  const why = Object.hasOwn(unsupported, payload.case) ? unsupported[payload.case] : undefined;
  if (why !== undefined) return { kind: 'unsupported', why };
  const call = callOf(payload, options);
  return call === undefined ? { kind: 'ignored' } : { kind: 'call', call };
}

function callOf(
  payload: AgentMessage['payload'],
  { freshId, allowance, limits }: TranslateOptions,
): AgentMessageCall | undefined {
  switch (payload.case) {
    case 'ping':
      return pingCall(payload.value);
    case 'execute':
      return executeCall(payload.value, freshId(), allowance, limits);
    case 'fileRead':
      return fileReadCall(payload.value, allowance, limits);
    case 'shutdown':
      return shutdownCall(payload.value);
    case 'resetPassword':
      return resetPasswordCall(payload.value);
    case 'configureNetwork':
      return configureNetworkCall(payload.value, freshId());
    case 'quiesce':
      return quiesceCall(payload.value, freshId());
    case 'thaw':
      return thawCall(payload.value);
    case 'syncTime':
      return syncTimeCall(payload.value);
    case 'listDirectory':
      return listDirectoryCall(payload.value, allowance);
    case 'createDirectory':
      return createDirectoryCall(payload.value);
    case 'fileDelete':
      return fileDeleteCall(payload.value);
    case 'fileStat':
      return fileStatCall(payload.value);
    case 'listProcesses':
      return listProcessesCall(payload.value, allowance);
    case 'killProcess':
      return killProcessCall(payload.value);
    case 'listServices':
      return listServicesCall(payload.value, allowance);
    case 'serviceControl':
      return serviceControlCall(payload.value);
    case 'getHardwareInfo':
      return hardwareInfoCall();
    case 'listInstalledSoftware':
      return listInstalledSoftwareCall(payload.value, allowance);
    case 'getCapabilities':
      return getCapabilitiesCall();
    default:
      return undefined;
  }
}

/** Number of a message's payload field in AgentMessage; 0 if it has no payload. */
export function payloadField(message: AgentMessage): number {
  const name = message.payload.case;
  return AgentMessageLite.fields.find((field) => field.oneof === 'payload' && field.name === name)?.number ?? 0;
}
