import { GuestProcessServiceLite } from '@innkeeper/contract/agent-lite';
import type { KillProcessRequest } from '@innkeeper/contract/agent-message';
import { KillProcessResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageKillProcessResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

const SIGTERM = 15;

/** kill_process to Signal, of this one process. No signal means TERM. */
export function killProcessCall({ pid, signal }: KillProcessRequest): AgentMessageCall {
  return unaryCall({
    method: GuestProcessServiceLite.signal,
    request: () => ({ pid, signal: signal || SIGTERM }),
    tag: agentMessageKillProcessResponseTag,
    response: KillProcessResponseLite,
    answer: () => ({ success: true }),
  });
}
