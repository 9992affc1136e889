import type { ShutdownMode } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { ShutdownRequest } from '@innkeeper/contract/agent-message';
import { ShutdownResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageShutdownResponseTag } from '@innkeeper/contract/agent-message-tags';
import { liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageCall } from './reply.ts';

const method = PowerServiceLite.shutdown;

/** shutdown to Shutdown. Types 0, 1, 2 of this dialect are modes 1, 2, 3: power off, reboot, halt. */
export function shutdownCall(request: ShutdownRequest): AgentMessageCall {
  const { type, delaySeconds, message } = request;
  return {
    method: method.name,
    timeoutMs: 60_000,
    // An unknown type becomes an unknown mode, which the operation refuses.
    requests: () => [liteEncode(method.input, { mode: (type + 1) as ShutdownMode, delaySeconds, message })],
    take: () => false,
    finish: (error) => ({
      tag: agentMessageShutdownResponseTag,
      parts: [liteEncode(ShutdownResponseLite, { accepted: error === undefined, error: errorText(error) })],
    }),
  };
}
